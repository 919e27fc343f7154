package hostile

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
)

var (
	duration = flag.Duration("duration", 2*time.Minute, "how long the attack lasts")
	only     = flag.String("only", "", "a part of the names of the attacks to run")
	servers  = flag.String("servers", "", "a part of the names of the tenant's servers to start")
)

const (
	// interval is that of an object that does not set one.
	interval = 5 * time.Second
	// calm is how long healthy objects are measured before the attack.
	calm = 10 * time.Second
)

// TestUnderAttack measures healthy objects beside all attacks.
func TestUnderAttack(t *testing.T) {
	memory := newMemoryGroup(t)
	logging.Disable() // go-redis logs each connection that ends
	w := newWorld(t, memory)
	team := newTeam(t, w)
	team.awaitKnown(t)
	asked := newAsker(team)
	stopAsking := background(t.Context(), asked.run)
	sleep(t.Context(), calm)
	did := &tally{}
	attacks := w.attacks(t, did)

	before, earlier := w.written(t), w.spent()
	sizes, stopWatching := w.watchSizes(t)
	began := time.Now()
	team.late.begin(began)
	fresh := newcomers{api: team.api, objects: w.redises.Namespace(healthyNamespace), address: team.address(0)}
	say("the attack begins and lasts for %s", *duration)
	runAtOnce(t.Context(), append(attacks, fresh.run, func(ctx context.Context) { w.progress(ctx, before) })...)
	ended, spent := time.Now(), w.spent().since(earlier)
	after := w.written(t)
	stopAsking()
	stopWatching()
	asked.settle(t.Context())

	var figures table
	asked.figures(&figures, began)
	team.late.figures(&figures, ended)
	fresh.figures(&figures)
	memory.figures(t, &figures, w)
	spent.figures(&figures, ended.Sub(began))
	after.figures(&figures, before, sizes.bytes)
	w.compacted(t, &figures)
	figures.print(os.Stdout)
	sizes.print(os.Stdout)
	did.print(os.Stdout)
	for _, missed := range append(figures.missed(), did.violations()...) {
		t.Error(missed)
	}
	if err := w.Err(); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.Logf("the end of the adapter's log:\n%s", w.adapter.LogTail(40))
	}
}

// runAtOnce runs all side by side until the duration is over.
func runAtOnce(ctx context.Context, all ...func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, *duration)
	defer cancel()
	var running sync.WaitGroup
	for _, run := range all {
		running.Go(func() { run(ctx) })
	}
	running.Wait()
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// background runs something until the returned function is called, which waits for its end.
func background(ctx context.Context, run func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// paced does something at each tick, until ctx ends. Ticks that pass meanwhile are left out.
func paced(ctx context.Context, every time.Duration, do func(n int)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		do(n)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

func sleep(ctx context.Context, span time.Duration) {
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
