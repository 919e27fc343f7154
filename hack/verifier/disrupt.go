package verifier

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Flush empties a server, and returns once all levels except those of each batch are known
// to be 0.
func (l *Load) Flush(ctx context.Context) error {
	return l.between(ctx, func(ctx context.Context) error {
		commands := [][]any{
			{"flushall"}, {"set", Clock, time.Since(l.began).Milliseconds()}, {"incr", Ticks}, {"xadd", Log, "maxlen", kept, "*", "n", 1},
		}
		sent, acked, err := l.sendTimed(ctx, commands)
		if err != nil {
			return fmt.Errorf("flush: %w", err)
		}
		for _, level := range []string{Backlog, Lag, Steps, Length, Elsewhere, Expiring, Filled, Values} {
			l.truth.Set(level, sent, acked, 0)
		}
		l.truth.Set(Keys, sent, time.Time{}, 0)
		l.truth.Set(Keys, sent, acked, float64(len(commands)-1))
		l.expiring = false
		return nil
	})
}

// Burst sends many requests at once, of all kinds that a load usually sends.
func (l *Load) Burst(ctx context.Context, each int) error {
	return l.between(ctx, func(ctx context.Context) error {
		var commands [][]any
		for range each {
			commands = append(commands, []any{"get", "base:0"}, []any{"set", "base:0", 0}, []any{"llen", Backlog}, []any{"getrange", Clock, 0, 0})
		}
		_, _, err := l.sendTimed(ctx, commands)
		return err
	})
}

// Forget makes the server lose count of the lag, by deleting an entry between those that the group has not read.
func (l *Load) Forget(ctx context.Context) error {
	return l.between(ctx, func(ctx context.Context) error {
		deleted := strconv.Itoa(l.steps) + "-2"
		sent, _, err := l.sendTimed(ctx, [][]any{
			{"xadd", EventStream, deleted, "n", 0}, {"xadd", EventStream, strconv.Itoa(l.steps) + "-3", "n", 0}, {"xdel", EventStream, deleted},
		})
		l.truth.Set(Lag, sent, time.Time{}, float64(l.steps+2))
		l.truth.Set(Length, sent, time.Time{}, float64(l.steps+2))
		l.truth.Set(Length, sent, time.Now(), float64(l.steps+1))
		return err
	})
}

// Remember creates the stream again, as it was before Forget.
func (l *Load) Remember(ctx context.Context) error {
	return l.between(ctx, func(ctx context.Context) error {
		commands := [][]any{{"del", EventStream}, {"xgroup", "create", EventStream, Workers, "0", "mkstream"}}
		for n := 1; n <= l.steps; n++ {
			commands = append(commands, event(n))
		}
		for _, level := range []string{Lag, Length} {
			l.truth.Set(level, time.Now(), time.Time{}, 0)
		}
		return l.change(ctx, commands)
	})
}

// Stock adds keys of some size in one slot, or removes them if the size is 0. It retries what fails until ctx ends.
func (l *Load) Stock(ctx context.Context, tag string, keys, size int) error {
	var commands [][]any
	for n := range max(keys, l.stock) {
		key := "{" + tag + "}:" + strconv.Itoa(n)
		if keys == 0 {
			commands = append(commands, []any{"unlink", key})
		} else {
			commands = append(commands, []any{"setrange", key, size - 1, "x"})
		}
	}
	stock := func(ctx context.Context) error {
		return l.between(ctx, func(ctx context.Context) error { return l.restock(ctx, commands, keys) })
	}
	return l.until(ctx, stock(ctx), stock)
}

const together = 250

func (l *Load) restock(ctx context.Context, commands [][]any, keys int) error {
	l.truth.Set(Keys, time.Now(), time.Time{}, l.levels()[Keys]) // on the way from one to the other
	l.stock = keys
	l.truth.Set(Keys, time.Now(), time.Time{}, l.levels()[Keys])
	for chunk := range slices.Chunk(commands, together) {
		if _, _, err := l.sendTimed(ctx, chunk); err != nil {
			return err
		}
	}
	return l.change(ctx, nil)
}
