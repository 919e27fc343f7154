package sampler

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	declared "github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
)

// firstHold and longestHold bound how long commands that nothing bounds are left out.
const firstHold, longestHold = time.Minute, 10 * time.Minute

// send adds commands to a pipeline. One that is left out has no Cmd.
func send(ctx context.Context, pipe redis.Pipeliner, commands []declared.Command) []*redis.Cmd {
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
func (p *probe) replies(cmds []*redis.Cmd) []any {
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

// hold leaves out commands that nothing bounds, for a while after an attempt
// that they may have spoiled: a script that never ends would block the server
// again as soon as somebody has killed it, and an answer that is refused for its
// size takes those of all other metrics with it.
func (p *probe) hold(reason Reason) {
	now := p.now()
	blamed := reason == Busy || (reason == Timeout || reason == Protocol) && p.met && !now.Before(p.heldUntil)
	if !blamed || !p.plan.Unbounded() {
		return
	}
	if !now.Before(p.heldUntil) {
		p.held = min(max(firstHold, 2*p.held), longestHold)
	}
	p.heldUntil = now.Add(p.held)
}
