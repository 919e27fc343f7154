package ledger

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// pace is how often a batch is sent, and reads how many GETs are in it beside a SET.
	pace  = 50 * time.Millisecond
	reads = 7
	// answering bounds how long a batch is waited for, and a new connection.
	answering = 300 * time.Millisecond
	// settled is how long after the first answer since a failure a server may still come to execute what it was sent before.
	settled = 2 * time.Second
	// jobsEach is how many jobs a step adds to the backlog.
	jobsEach = 10
)

// alreadyThere is what Redis says of an entry that a stream has already.
const alreadyThere = "equal or smaller than the target stream top item"

// Metrics that objects declare of what a Load keeps in Redis, beside the built-in metric of the number of keys.
const (
	// Clock is the key of a string that says how many milliseconds old the load is. Each batch sets it, so that a value
	// tells when it was read.
	Clock = "clock"
	// Backlog is the key of a list of ten jobs for each step.
	Backlog = "backlog"
	// Lag is what the group of the stream Events has not read: an entry for each step.
	Lag = "lag"
	// Keys is the number of keys, one more with each step.
	Keys = "keys"
	// Events is the key of a stream.
	Events = "events"
	// Workers is the name of its group.
	Workers = "workers"
)

// Load asks a Redis for the same all the time, and writes down in its Truth what happened.
type Load struct {
	client redis.UniversalClient
	truth  *Truth
	began  time.Time
	jobs   chan job
	// base is how many keys there are without those of steps.
	base  int
	steps int
	// failing tells that requests are in doubt.
	failing bool
}

type job struct {
	do   func(context.Context) error
	done chan error
}

// NewLoad returns a load for the servers behind a client, which it closes in the end. The client must not retry, and
// must have one connection to each server.
func NewLoad(client redis.UniversalClient, truth *Truth) *Load {
	return &Load{client: client, truth: truth, began: time.Now(), jobs: make(chan job)}
}

// Truth returns what is known.
func (l *Load) Truth() *Truth { return l.truth }

// Run loads the servers until ctx ends. It is called once.
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

// between runs something in between two batches.
func (l *Load) between(ctx context.Context, do func(context.Context) error) error {
	j := job{do, make(chan error, 1)}
	select {
	case l.jobs <- j:
		return <-j.done
	case <-ctx.Done():
		return ctx.Err()
	}
}

// beat sends one batch.
func (l *Load) beat(ctx context.Context) {
	now := time.Since(l.began).Milliseconds()
	commands := [][]any{{"set", Clock, now}}
	for n := range reads {
		commands = append(commands, []any{"get", "k:" + strconv.Itoa(n)})
	}
	_ = l.send(ctx, commands, func(n int, sent, acked time.Time) {
		if n == 0 {
			l.truth.Set(Clock, sent, acked, float64(now))
		}
	})
}

// send sends commands in one round trip, and notes those that were executed and those that may have been. It returns the
// first error.
func (l *Load) send(ctx context.Context, commands [][]any, note func(n int, sent, acked time.Time)) error {
	pipe := l.client.Pipeline()
	sent := time.Now()
	cmds := make([]*redis.Cmd, len(commands))
	for n, command := range commands {
		cmds[n] = pipe.Do(ctx, command...)
	}
	_, _ = pipe.Exec(ctx)
	acked := time.Now()
	executed, doubtful, first := 0, 0, error(nil)
	for n, cmd := range cmds {
		var refusal redis.Error
		switch err := cmd.Err(); {
		case err == nil || errors.Is(err, redis.Nil) || strings.Contains(err.Error(), alreadyThere):
			executed++
			note(n, sent, acked)
			continue
		case errors.As(err, &refusal):
			first = err
		default:
			doubtful++
			note(n, sent, time.Time{})
			first = err
		}
	}
	l.truth.Executed(sent, acked, executed)
	if doubtful > 0 {
		l.truth.Doubtful(sent, doubtful)
		l.failing = true
		l.look(ctx)
	} else if executed > 0 && l.failing {
		l.truth.Settled(acked.Add(settled))
		l.failing = false
	}
	return first
}

// look finds out where the shards of a cluster went: the client would look only when a server tells it to.
func (l *Load) look(ctx context.Context) {
	if all, ok := l.client.(*redis.ClusterClient); ok {
		all.ReloadState(ctx)
	}
}

// Step adds jobs, an event and a key, and returns how many jobs there are then. It repeats what did not come through
// until ctx ends.
func (l *Load) Step(ctx context.Context) (jobs int, err error) {
	err = l.between(ctx, func(ctx context.Context) error {
		l.steps++
		return l.change(ctx, l.commandsOfStep(l.steps), l.steps)
	})
	return l.steps * jobsEach, l.until(ctx, err, l.mend)
}

// mend repeats the newest step as far as it is missing.
func (l *Load) mend(ctx context.Context) error {
	return l.between(ctx, func(ctx context.Context) error {
		jobs, err := l.client.LLen(ctx, Backlog).Result()
		if err != nil {
			return err
		}
		missing := l.commandsOfStep(l.steps)
		if int(jobs) == l.steps*jobsEach {
			missing = missing[1:]
		}
		return l.change(ctx, missing, l.steps)
	})
}

// Fill makes the servers hold what the steps so far added, where they hold nothing, and as many keys more.
func (l *Load) Fill(ctx context.Context, base int) error {
	err := l.between(ctx, func(ctx context.Context) error {
		l.base = base + 1 + 2 // the clock, the backlog and the stream
		commands := [][]any{{"set", Clock, time.Since(l.began).Milliseconds()}, {"xgroup", "create", Events, Workers, "0", "mkstream"}}
		for n := range base {
			commands = append(commands, []any{"set", "base:" + strconv.Itoa(n), n})
		}
		l.steps = max(l.steps, 1)
		for n := 1; n <= l.steps; n++ {
			commands = append(commands, l.commandsOfStep(n)...)
		}
		return l.change(ctx, commands, l.steps)
	})
	return l.until(ctx, err, l.Measure)
}

func (l *Load) commandsOfStep(n int) [][]any {
	push := []any{"rpush", Backlog}
	for range jobsEach {
		push = append(push, n)
	}
	return [][]any{push, {"xadd", Events, strconv.Itoa(n) + "-1", "n", n}, {"set", "step:" + strconv.Itoa(n), n}}
}

// change sends commands after which the levels are those of a number of steps.
func (l *Load) change(ctx context.Context, commands [][]any, steps int) error {
	sent := time.Now()
	err := l.send(ctx, commands, func(int, time.Time, time.Time) {})
	acked := time.Now()
	if err != nil {
		acked = time.Time{}
	}
	for metric, value := range l.levels(steps) {
		l.truth.Set(metric, sent, acked, value)
	}
	return err
}

func (l *Load) levels(steps int) map[string]float64 {
	return map[string]float64{Backlog: float64(jobsEach * steps), Lag: float64(steps), Keys: float64(l.base + steps)}
}
