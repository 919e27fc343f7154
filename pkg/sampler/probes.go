package sampler

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// firstHold and longestHold bound how long commands that nothing bounds are left out.
const firstHold, longestHold = time.Minute, 10 * time.Minute

// send adds commands to a pipeline. One that is left out has no Cmd.
func send(ctx context.Context, pipe redis.Pipeliner, commands []probe.Command) []*redis.Cmd {
	sent := make([]*redis.Cmd, len(commands))
	for n, command := range commands {
		if command == nil {
			continue
		}
		args := make([]any, len(command))
		for i, arg := range command {
			args[i] = arg
		}
		sent[n] = redis.NewCmd(ctx, args...)
		_ = pipe.Process(ctx, sent[n])
	}
	return sent
}

// ofWhole drops the error of a pipeline that is the answer to one of its probes, which fails alone.
func ofWhole(err error, probes []*redis.Cmd) error {
	for _, cmd := range probes {
		if cmd != nil && err != nil && cmd.Err() == err { //nolint:errorlint // the very same
			return nil
		}
	}
	return err
}

// replies are those of an attempt that succeeded, nil for what was left out.
func (p *poller) replies(cmds []*redis.Cmd) []any {
	replies := make([]any, len(cmds))
	whole := true
	for n, cmd := range cmds {
		if cmd == nil {
			whole = false
			continue
		}
		reply, err := cmd.Result()
		replies[n] = reply
		if err != nil && !errors.Is(err, redis.Nil) {
			replies[n] = err
		}
	}
	if whole {
		p.held = 0
	}
	return replies
}

// scanShare is the part of the timeout in which the scans of keys go on after the
// first round trip of an attempt.
const scanShare = 4

// scanOn lets the scans of keys go on, over further round trips of the attempt
// that began at an instant, and returns the results as they are then.
func (p *poller) scanOn(ctx context.Context, l *link, start time.Time, results []probe.Result) ([]probe.Result, error) {
	for elapsed(start, p.now()) < p.target.Timeout/scanShare {
		commands := p.run.More()
		if len(commands) == 0 {
			break
		}
		asked := p.now()
		sent := send(ctx, l.pipe, commands)
		echo := l.echo(ctx)
		_, err := l.pipe.Exec(ctx)
		at := p.now()
		if err := firstOf(echo.Err(), ofWhole(err, sent)); err != nil {
			return nil, err
		}
		if err := p.inTime(l, echo, asked, at); err != nil {
			return nil, err
		}
		results = p.run.ReadMore(p.replies(sent), asked, at)
	}
	return results, nil
}

// heldBack is what the run is told if commands that nothing bounds are left out at
// an instant, nil if they are not.
func (p *poller) heldBack(now time.Time) *probe.HeldBack {
	off := p.scripts.off.Load()
	if off != nil && !p.scriptsOff {
		p.scriptsOff, p.heldUntil = true, time.Time{} // what else was suspected is cleared
	}
	if !now.Before(p.heldUntil) {
		return off
	}
	return &probe.HeldBack{Until: p.heldUntil, Cause: p.heldCause, Suspects: p.plan.Suspects()}
}

// heldCauses say how an attempt failed after which commands are left out.
func heldCauses() map[reason.Reason]string {
	return map[reason.Reason]string{
		reason.Busy:     "a script blocked the server",
		reason.Timeout:  "the server did not answer in time",
		reason.Protocol: "the server answered too much, or not as Redis does,",
	}
}

// hold leaves out commands that nothing bounds, for a while after an attempt
// that they may have spoiled: a script that never ends would block the server
// again as soon as somebody has killed it, and an answer that is refused for its
// size takes those of all other metrics with it.
func (p *poller) hold(failure reason.Reason) {
	now := p.now()
	blamed := failure == reason.Busy && !p.scriptsOff || (failure == reason.Timeout || failure == reason.Protocol) && p.met && !now.Before(p.heldUntil)
	if !blamed || !p.plan.Unbounded() {
		return
	}
	if !now.Before(p.heldUntil) {
		p.held = min(max(firstHold, 2*p.held), longestHold)
		p.heldCause = heldCauses()[failure]
	}
	p.heldUntil = now.Add(p.held)
}
