package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pollInterval is how often a condition is looked at while waiting for it.
const pollInterval = 100 * time.Millisecond

// await polls check until it returns nil. It gives up when ctx ends, with what check said last, or as soon as one of the
// processes has died.
func await(ctx context.Context, what string, processes []*Process, check func(context.Context) error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		for _, process := range processes {
			if failure := process.failure(); failure != nil {
				return fmt.Errorf("wait for %s: %w", what, failure)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, errors.Join(context.Cause(ctx), err))
		case <-ticker.C:
		}
	}
}

// await waits until the process says that it is ready.
func (p *Process) await(ctx context.Context) error {
	return await(ctx, p.name, []*Process{p}, p.ready)
}
