package soak

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/rs/zerolog"

	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/ledger"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

var (
	duration = flag.Duration("duration", 0, "how long rounds of faults follow each other; 0 is one round of each fault")
	seed     = flag.Uint64("seed", 0, "the order of the faults; 0 takes the time")
	only     = flag.String("only", "", "a part of the names of the faults to inject, or a scope of them")
)

const (
	// asked is how often each object is asked by each of its two pollers.
	asked = 100 * time.Millisecond
	// wantedValues is how many values a whole round checks at least.
	wantedValues = 10_000
	// resuming is granted to the autoscaler beyond two looks, for its own work.
	resuming = 1500 * time.Millisecond
	// tries bounds how often a fault is injected anew because this machine stood still.
	tries = 3
	// longest bounds one fault with its repair and all that is waited for after it.
	longest = 2 * time.Minute
)

// TestLedger injects each fault and holds all that is served meanwhile against the truth.
func TestLedger(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	// go-redis and the proxy tell of each connection that a fault ends.
	logging.Disable()
	zerolog.SetGlobalLevel(zerolog.Disabled)
	say("seed %d: repeat this order with -seed=%d", *seed, *seed)
	w := newWorld(t)
	w.open(t)
	stop := w.observe(t)
	began := time.Now()
	for round := uint64(0); round == 0 || time.Since(began) < *duration; round++ {
		w.round(t, rand.New(rand.NewPCG(*seed, round)))
		say("round %d done after %s: %s", round+1, time.Since(began).Round(time.Second), w.ledger.Tally())
	}
	w.calm(t)
	stop()
	w.report(t)
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

// observe asks for the metrics of all objects, and looks at replicas and at the clock, until the returned function is called.
func (w *world) observe(t *testing.T) (stop func()) {
	t.Helper()
	poller, err := ledger.NewPoller(w.ledger, w.plane.Config(), w.namespace)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{faults.Recreated}
	for _, one := range w.lanes {
		names = append(names, one.Object)
	}
	all := []func(){background(t.Context(), w.bystander(t)), background(t.Context(), w.scaled.watch)}
	for _, name := range names {
		for _, metrics := range [][]string{{ledger.RequestsPerSecond, ledger.Keys}, {ledger.Clock, ledger.Backlog, ledger.Lag}} {
			all = append(all, background(t.Context(), func(ctx context.Context) { poller.Ask(ctx, name, asked, metrics...) }))
		}
	}
	return sync.OnceFunc(func() {
		for _, stop := range all {
			stop()
		}
	})
}

// bystander watches this machine by a server of which nobody wants anything else.
func (w *world) bystander(t *testing.T) func(context.Context) {
	t.Helper()
	client := redistest.New(t).Client()
	return func(ctx context.Context) {
		w.ledger.Watch(ctx, func(ctx context.Context) error { return client.Info(ctx).Err() })
	}
}

// round injects each fault once: those of one object side by side, then those of all.
func (w *world) round(t *testing.T, order *rand.Rand) {
	t.Helper()
	decks := w.deal(order)
	w.calm(t)
	var running sync.WaitGroup
	for n, one := range w.lanes {
		running.Go(func() {
			for _, fault := range decks[n] {
				w.prove(t, fault, one.Subject, one)
			}
		})
	}
	running.Wait()
	for _, fault := range w.shuffled(order, faults.Plane) {
		w.prove(t, fault, w.whole(), w.lanes...)
	}
}

// prove injects a fault, and again if this machine stood still meanwhile: errors prove nothing then.
func (w *world) prove(t *testing.T, fault faults.Fault, at *faults.Subject, befallen ...*lane) {
	t.Helper()
	for range tries {
		began := time.Now()
		w.inject(t, fault, at, befallen...)
		if t.Failed() || !w.ledger.Stood(ledger.Span{From: began, To: time.Now()}) {
			return
		}
		say("%-10s this machine stood still meanwhile: %s", at.Object, fault.Name)
	}
}

// deal gives each lane its faults. Lanes of one scope share them.
func (w *world) deal(order *rand.Rand) [][]faults.Fault {
	lanes := map[faults.Scope][]int{}
	for n, one := range w.lanes {
		lanes[one.scope] = append(lanes[one.scope], n)
	}
	decks := make([][]faults.Fault, len(w.lanes))
	for _, scope := range faults.Scopes() {
		for n, fault := range w.shuffled(order, scope) {
			if to := lanes[scope]; len(to) > 0 {
				decks[to[n%len(to)]] = append(decks[to[n%len(to)]], fault)
			}
		}
	}
	return decks
}

func (w *world) shuffled(order *rand.Rand, scope faults.Scope) []faults.Fault {
	var deck []faults.Fault
	for _, fault := range w.matrix() {
		if fault.Scope == scope && (strings.Contains(fault.Name, *only) || *only == string(scope)) {
			deck = append(deck, fault)
		}
	}
	order.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	return deck
}

// inject runs one fault, lets more jobs wait at once after it, and waits for the autoscaler.
func (w *world) inject(t *testing.T, fault faults.Fault, at *faults.Subject, befallen ...*lane) {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	repaired, err := fault.Run(ctx, at)
	if err != nil {
		t.Error(err)
		return
	}
	p := w.ledger.Policy()
	known := repaired.Add(fault.Known(p))
	var resumed sync.WaitGroup
	for _, one := range befallen {
		jobs, err := one.Load.Step(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		sampled := time.Now().Add(p.Interval + p.Timeout)
		if sampled.Before(known) {
			sampled = known
		}
		deadline := sampled.Add(2*syncPeriod + resuming)
		if fault.Relearns {
			deadline = deadline.Add(faults.Relearning)
		}
		resumed.Go(func() { w.scaled.await(ctx, fault.Name, one.Object, jobs, ledger.Span{From: began, To: deadline}) })
	}
	resumed.Wait()
	w.rest(t, time.Until(known))
	say("%-10s %5.1fs to the repair, %5.1fs in all: %s", at.Object, repaired.Sub(began).Seconds(), time.Since(began).Seconds(), fault.Name)
	w.complain()
}

// complain says each violation as soon as it is found.
func (w *world) complain() {
	w.saying.Lock()
	defer w.saying.Unlock()
	wrong := w.ledger.Tally().Wrong
	for _, one := range wrong[w.said:] {
		say("violation: %s", one)
	}
	w.said = len(wrong)
}

// calm lets nothing happen for a while, in which all must be known.
func (w *world) calm(t *testing.T) {
	t.Helper()
	w.rest(t, 4*w.ledger.Policy().Interval)
}

func (w *world) rest(t *testing.T, lasting time.Duration) {
	t.Helper()
	timer := time.NewTimer(lasting)
	defer timer.Stop()
	select {
	case <-t.Context().Done():
	case <-timer.C:
	}
}

// report says what was found, and fails for each violation. The logs come first: of a long output often the end alone is
// kept, and that has to say what is wrong.
func (w *world) report(t *testing.T) {
	t.Helper()
	tally := w.ledger.Close()
	say("%s\n%s%d looks at replicas", tally, tally.Table(), w.scaled.looks)
	wrong := tally.Wrong
	if tally.Violations > 0 {
		wrong = append(wrong, fmt.Sprintf("%d violations; the seed is %d", tally.Violations, *seed))
	}
	if *only == "" {
		wrong = append(wrong, w.idle(tally)...)
	}
	if err := w.plane.Err(); err != nil {
		wrong = append(wrong, err.Error())
	}
	if t.Failed() || len(wrong) > 0 {
		w.logs(t)
	}
	for _, each := range wrong {
		t.Error(each)
	}
}

// idle says what keeps a whole round from having been one: too little was checked, or a fault did nothing.
func (w *world) idle(tally ledger.Tally) (wrong []string) {
	if tally.Checked < wantedValues {
		wrong = append(wrong, fmt.Sprintf("%d values were checked, want %d", tally.Checked, wantedValues))
	}
	for _, fault := range w.matrix() {
		counts := tally.Faults[fault.Name]
		unknown := fault.Levels == ledger.Holds || fault.Levels == ledger.Refuses
		if counts.Values == 0 || unknown && counts.Errors == 0 {
			wrong = append(wrong, fmt.Sprintf("under the fault %q there were %d values and %d errors: it did nothing", fault.Name, counts.Values, counts.Errors))
		}
	}
	return wrong
}
