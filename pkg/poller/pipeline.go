package poller

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
)

// send adds commands to a pipeline. The Cmd of a command that is left out is nil.
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

// ofWhole drops the error of a pipeline if it is the reply to one of its probes. Then only that
// probe fails.
func ofWhole(err error, probes []*redis.Cmd) error {
	for _, cmd := range probes {
		if cmd != nil && err != nil && cmd.Err() == err { //nolint:errorlint // the very same
			return nil
		}
	}
	return err
}

// replies returns the replies of a successful attempt, nil for commands that were left
// out.
func (p *Poller) replies(cmds []*redis.Cmd) []any {
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

// scanShare is the part of the timeout for which scans of keys continue after the first
// round trip of an attempt.
const scanShare = 4

// scanOn continues the scans of keys in further round trips of the attempt that began
// at start, and returns the updated results.
func (p *Poller) scanOn(ctx context.Context, l *connection.Link, start time.Time, results []probe.Result) ([]probe.Result, error) {
	for elapsed(start, p.now()) < p.target.Timeout/scanShare {
		commands := p.run.More()
		if len(commands) == 0 {
			break
		}
		asked := p.now()
		sent := send(ctx, l.Pipe, commands)
		echo := l.Echo(ctx)
		_, err := l.Pipe.Exec(ctx)
		at := p.now()
		if err := cmp.Or(echo.Err(), ofWhole(err, sent)); err != nil {
			return nil, err
		}
		if err := p.inTime(l, echo, asked, at); err != nil {
			return nil, err
		}
		results = p.run.ReadMore(p.replies(sent), asked, at)
	}
	return results, nil
}
