package ledger

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Flush empties a server, and returns once all levels but the clock's are a known 0.
func (l *Load) Flush(ctx context.Context) error {
	return l.between(ctx, func(ctx context.Context) error {
		sent := time.Now()
		err := l.send(ctx, [][]any{{"flushall"}, {"set", Clock, time.Since(l.began).Milliseconds()}}, func(int, time.Time, time.Time) {})
		acked := time.Now()
		if err != nil {
			return fmt.Errorf("flush: %w", err)
		}
		l.truth.Set(Backlog, sent, acked, 0)
		l.truth.Set(Lag, sent, acked, 0)
		l.truth.Set(Keys, sent, time.Time{}, 0)
		l.truth.Set(Keys, sent, acked, 1) // the clock
		return nil
	})
}

// Burst sends many requests at once, of all kinds that a server sees in calm times.
func (l *Load) Burst(ctx context.Context, each int) error {
	return l.between(ctx, func(ctx context.Context) error {
		var commands [][]any
		for range each {
			commands = append(commands, []any{"get", "k:0"}, []any{"set", "base:0", 0}, []any{"llen", Backlog}, []any{"getrange", Clock, 0, 0})
		}
		return l.send(ctx, commands, func(int, time.Time, time.Time) {})
	})
}

// Forget makes the server lose count of the lag: it deletes an entry in the midst of those that the group has not read.
func (l *Load) Forget(ctx context.Context) error {
	return l.between(ctx, func(ctx context.Context) error {
		deleted := strconv.Itoa(l.steps) + "-2"
		sent := time.Now()
		err := l.send(ctx, [][]any{
			{"xadd", Events, deleted, "n", 0}, {"xadd", Events, strconv.Itoa(l.steps) + "-3", "n", 0}, {"xdel", Events, deleted},
		}, func(int, time.Time, time.Time) {})
		l.truth.Set(Lag, sent, time.Time{}, float64(l.steps+2))
		return err
	})
}

// Remember makes the stream anew, as it was before Forget.
func (l *Load) Remember(ctx context.Context) error {
	return l.between(ctx, func(ctx context.Context) error {
		commands := [][]any{{"del", Events}, {"xgroup", "create", Events, Workers, "0", "mkstream"}}
		for n := 1; n <= l.steps; n++ {
			commands = append(commands, l.commandsOfStep(n)[1])
		}
		l.truth.Set(Lag, time.Now(), time.Time{}, 0)
		return l.change(ctx, commands, l.steps)
	})
}
