package verifier

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// pace is how often a batch is sent.
	pace = 50 * time.Millisecond
	// answering bounds how long a load waits for a batch, and for a new connection.
	answering = 300 * time.Millisecond
	// settled is how long after the first answer since a failure a server may still execute earlier requests.
	settled = 2 * time.Second
)

// Load sends a steady load to a Redis, and records in its Truth what happened.
type Load struct {
	client redis.UniversalClient
	truth  *Truth
	began  time.Time
	jobs   chan job
	// base is how many keys there are, without those of steps and of a stock.
	base, steps, stock int
	beats              int
	// slowest is the longest wait for an answer.
	slowest time.Duration
	// expiring means that a key of another database is about to expire.
	expiring bool
	// failing means that requests are in doubt.
	failing bool
}

type job struct {
	do   func(context.Context) error
	done chan error
}

// NewLoad returns a load for the servers behind a client, which it closes at the end. The client must not retry, and
// must have one connection to each server.
func NewLoad(client redis.UniversalClient, truth *Truth) *Load {
	return &Load{client: client, truth: truth, began: time.Now(), jobs: make(chan job)}
}

// Truth returns what is known.
func (l *Load) Truth() *Truth { return l.truth }

// Run sends the load until ctx ends. Call it once.
func (l *Load) Run(ctx context.Context) {
	defer func() { _ = l.client.Close() }()
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			l.beat(ctx)
		case j := <-l.jobs:
			j.done <- j.do(ctx)
		}
	}
}

// between runs do between two batches.
func (l *Load) between(ctx context.Context, do func(context.Context) error) error {
	j := job{do, make(chan error, 1)}
	select {
	case l.jobs <- j:
		return <-j.done
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send sends commands in one round trip, and records those that were executed or may have been. It returns the first
// error of a command that had to succeed.
func (l *Load) send(ctx context.Context, commands [][]any, note func(n int, sent, acked time.Time)) error {
	pipe := l.client.Pipeline()
	sent := time.Now()
	cmds := make([]*redis.Cmd, len(commands))
	for n, command := range commands {
		cmds[n] = pipe.Do(ctx, command...)
		cmds[n].SetFirstKeyPos(int8(keyAt(command)))
	}
	_, _ = pipe.Exec(ctx)
	acked := time.Now()
	var executed, doubtful Events
	first := error(nil)
	for n, cmd := range cmds {
		switch what := outcomeOf(cmd); what {
		case done, faulty:
			executed.add(l.toldBy(commands[n], cmd, what))
			note(n, sent, acked)
		case rejected:
			executed.add(l.toldBy(commands[n], cmd, what))
			if !inVain(commands[n]) {
				first = cmd.Err()
			}
		default:
			doubtful.add(possible(commands[n]))
			note(n, sent, time.Time{})
			first = cmd.Err()
		}
	}
	l.count(ctx, sent, acked, executed, doubtful)
	return first
}

// count records what was executed, and what may have been.
func (l *Load) count(ctx context.Context, sent, acked time.Time, executed, doubtful Events) {
	waited := acked.Sub(sent)
	executed[WaitedMicroseconds] = waited.Microseconds() * l.nodes()
	if executed[Scripts] > 0 {
		executed[ScriptWaitedMicroseconds] = executed[WaitedMicroseconds]
	}
	l.truth.Executed(sent, acked, executed)
	if doubtful[Requests]+doubtful[Rejected] > 0 {
		doubtful[WaitedMicroseconds] = settled.Microseconds()
		doubtful[ScriptWaitedMicroseconds] = settled.Microseconds()
		waited = settled
		l.truth.Doubtful(sent, doubtful)
		l.failing = true
		l.look(ctx)
	} else if executed[Requests] > 0 && l.failing {
		l.truth.Settled(acked.Add(settled))
		l.failing = false
	}
	if waited > l.slowest {
		l.slowest = waited
		l.truth.Set(Slowest, sent, acked, float64(waited.Microseconds()))
	}
}

// nodes returns how many servers execute one batch at the same time.
func (l *Load) nodes() int64 {
	if l.sharded() {
		return shardCount
	}
	return 1
}

func (l *Load) sharded() bool {
	_, sharded := l.client.(*redis.ClusterClient)
	return sharded
}

// look finds the shards of a cluster again. The client would do so only when a server redirects it.
func (l *Load) look(ctx context.Context) {
	if all, ok := l.client.(*redis.ClusterClient); ok {
		all.ReloadState(ctx)
	}
}

// Step adds jobs, an event, a key and a member of each type, and returns how many jobs there are then. It retries what
// fails until ctx ends.
func (l *Load) Step(ctx context.Context) (jobs int, err error) {
	err = l.between(ctx, func(ctx context.Context) error {
		l.steps++
		return l.change(ctx, commandsOfStep(l.steps))
	})
	return l.steps * jobsEach, l.until(ctx, err, l.mend)
}

// mend repeats the missing part of the newest step.
func (l *Load) mend(ctx context.Context) error {
	return l.between(ctx, func(ctx context.Context) error {
		jobs, err := l.client.LLen(ctx, Backlog).Result()
		if err != nil {
			return err
		}
		missing := commandsOfStep(l.steps)
		if int(jobs) == l.steps*jobsEach {
			missing = missing[1:]
		}
		return l.change(ctx, missing)
	})
}

// change sends commands that set the levels to those of the steps so far.
func (l *Load) change(ctx context.Context, commands [][]any) error {
	sent, acked, err := l.sendTimed(ctx, commands)
	for name, value := range l.levels() {
		l.truth.Set(name, sent, acked, value)
	}
	return err
}

// sendTimed sends commands. acked is zero if one of them failed.
func (l *Load) sendTimed(ctx context.Context, commands [][]any) (sent, acked time.Time, err error) {
	sent = time.Now()
	if err := l.send(ctx, commands, func(int, time.Time, time.Time) {}); err != nil {
		return sent, time.Time{}, err
	}
	return sent, time.Now(), nil
}
