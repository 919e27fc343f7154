package verifier

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// Background runs functions concurrently until the returned function is called, which waits for their end.
func Background(ctx context.Context, all ...func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, run := range all {
		running.Go(func() { run(ctx) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// Paced calls do at each tick, until ctx ends. Ticks that pass meanwhile are skipped.
func Paced(ctx context.Context, every time.Duration, do func(n int)) {
	n := 0
	wait.NonSlidingUntilWithContext(ctx, func(context.Context) {
		do(n)
		n++
	}, every)
}

// Sleep returns after a span, or when ctx ends.
func Sleep(ctx context.Context, span time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, span)
	defer cancel()
	<-ctx.Done()
}
