package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

// round injects each fault once: those of one object side by side, then those of all.
func (w *fixture) round(t *testing.T, order *rand.Rand) {
	t.Helper()
	decks := w.deal(order)
	w.calm(t)
	var running sync.WaitGroup
	for n, one := range w.lanes {
		running.Go(func() { w.prove(t, decks[n], one.Subject, one) })
	}
	running.Wait()
	w.prove(t, w.shuffled(order, faults.Plane), w.whole(), w.lanes...)
}

// prove injects faults one after the other, and those again about which some answer is excused by a standstill of this
// machine, or after which the autoscaler was late: that proves nothing. One after which it is late each time is a violation.
func (w *fixture) prove(t *testing.T, all []faults.Fault, at *faults.Subject, affected ...*lane) {
	t.Helper()
	for try := range tries {
		var again []faults.Fault
		for n, resumed := range w.injectAll(t, all, at, affected...) {
			switch fault := all[n]; {
			case resumed == inTime:
				continue
			case resumed == excused:
				say("%-10s this machine stood still meanwhile: %s", at.Object, fault.Name)
			case try == tries-1:
				w.verifier.Violate(fmt.Sprintf("scaling resumed late after %q, each time", fault.Name))
			}
			again = append(again, all[n])
		}
		if all = again; len(all) == 0 || t.Failed() {
			return
		}
	}
}

// injectAll injects faults one after the other, and reports of each how scaling resumed, or whether an answer is excused.
// It waits until all answers have been checked if this machine stood still at all.
func (w *fixture) injectAll(t *testing.T, all []faults.Fault, at *faults.Subject, affected ...*lane) []resumption {
	t.Helper()
	began := time.Now()
	resumed := make([]resumption, len(all))
	before := w.verifier.Report().Faults
	for n, fault := range all {
		if !w.end.IsZero() && time.Now().After(w.end) {
			break
		}
		resumed[n] = w.inject(t, fault, at, affected...)
	}
	if t.Failed() || !w.verifier.Stood(verifier.Span{From: began, To: time.Now()}) {
		return resumed
	}
	p := w.verifier.Policy()
	verifier.Sleep(t.Context(), p.Window+w.verifier.Settling())
	after := w.verifier.Report().Faults
	for n, fault := range all {
		if after[fault.Name].Excused > before[fault.Name].Excused {
			resumed[n] = max(resumed[n], excused)
		}
	}
	return resumed
}

// deal gives each lane its faults. Lanes of one scope share them.
func (w *fixture) deal(order *rand.Rand) [][]faults.Fault {
	decks := make([][]faults.Fault, len(w.lanes))
	for _, scope := range faults.Scopes() {
		for _, fault := range w.shuffled(order, scope) {
			least := -1 // the lane with the fewest faults
			for n, one := range w.lanes {
				if one.can(fault) && (least < 0 || len(decks[n]) < len(decks[least])) {
					least = n
				}
			}
			if least >= 0 {
				decks[least] = append(decks[least], fault)
			}
		}
	}
	return decks
}

// pick leaves out of a run without -duration all but some of the faults that come alone.
func (w *fixture) pick() {
	if *duration > 0 || *only != "" {
		return
	}
	deck := w.shuffled(rand.New(rand.NewPCG(*seed, 0)), faults.Plane)
	for _, fault := range deck[min(planeFaults, len(deck)):] {
		w.leftOut = append(w.leftOut, fault.Name)
	}
}

func (w *fixture) shuffled(order *rand.Rand, scope faults.Scope) []faults.Fault {
	var deck []faults.Fault
	for _, fault := range w.matrix() {
		named := func(part string) bool { return strings.Contains(fault.Name, part) || part == string(scope) }
		if fault.Scope == scope && slices.ContainsFunc(strings.Split(*only, "|"), named) {
			deck = append(deck, fault)
		}
	}
	order.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	return deck
}

// inject runs one fault, lets more jobs wait at once after it, and waits for the autoscalers. It reports how the last one
// resumed.
func (w *fixture) inject(t *testing.T, fault faults.Fault, at *faults.Subject, affected ...*lane) resumption {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	repaired, err := fault.Run(ctx, at)
	if err != nil {
		t.Error(err)
		return inTime
	}
	p := w.verifier.Policy()
	known := repaired.Add(fault.Known(p))
	var resuming sync.WaitGroup
	outcomes := make([]resumption, len(affected))
	for n, one := range affected {
		jobs, err := one.Load.Step(ctx)
		if err != nil {
			t.Error(err)
			return inTime
		}
		sampled := time.Now().Add(p.Interval + p.Timeout)
		if sampled.Before(known) {
			sampled = known
		}
		deadline := sampled.Add(2*syncPeriod + working)
		if fault.Relearns {
			deadline = deadline.Add(faults.Relearning)
		}
		if w.scaled == nil {
			continue
		}
		resuming.Go(func() {
			outcomes[n] = w.scaled.await(ctx, fault.Name, one.Object, jobs, verifier.Span{From: began, To: deadline})
		})
	}
	resuming.Wait()
	verifier.Sleep(t.Context(), time.Until(known))
	say("%-10s %5.1fs to the repair, %5.1fs in all: %s", at.Object, repaired.Sub(began).Seconds(), time.Since(began).Seconds(), fault.Name)
	w.complain()
	return slices.Max(append(outcomes, inTime))
}
