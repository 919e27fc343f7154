package peers

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// tolerance is how long ago a value may have been true, the same for all peers: two syncs of the HPA controller.
	tolerance = 2 * syncPeriod
	// oldest is the largest age that is distinguished.
	oldest = 90 * time.Second
	// toleratedShare is by how much a rate may be off beyond the slowest and the fastest second, and toleratedRequests how
	// many more requests/s there may be: an exporter counts its own.
	toleratedShare, toleratedRequests = 0.1, 20
	// polling is how often each metric is requested.
	polling = time.Second
	// settling is after how long it is known what was sent.
	settling = 5 * time.Second
)

// observation is what came of one request for a metric.
type observation struct {
	asked, answered time.Time
	value           float64
	err             error
	// wrong means that the truth contradicts the value. Of jobs, age is how long before the request it was last true.
	wrong bool
	age   time.Duration
}

// bounds are the least and the largest value that may have been true.
type bounds struct{ least, largest float64 }

func (b bounds) hold(value float64) bool { return value >= b.least && value <= b.largest }

// judge compares what a peer serves of one source with the truth. Its methods may be called concurrently.
type judge struct {
	truth *verifier.Truth

	mu           sync.Mutex
	rates        []second
	observations map[string][]observation // by workload
}

// second is what the rate of requests may have been within one.
type second struct {
	verifier.Span
	bounds
}

func newJudge(truth *verifier.Truth) *judge {
	return &judge{truth: truth, observations: map[string][]observation{}}
}

// noteRates notes second after second until ctx ends. Of one that is not known the rate may have been 0.
func (j *judge) noteRates(ctx context.Context) {
	next := time.Now()
	verifier.Paced(ctx, time.Second, func(int) {
		for ; time.Since(next) > time.Second+settling/2; next = next.Add(time.Second) {
			s := second{Span: verifier.Span{From: next, To: next.Add(time.Second)}}
			least, largest, known := j.truth.Over(s.Span, func(w *verifier.Window) (least, largest float64) { return w.Count(verifier.Requests) })
			if known {
				s.bounds = bounds{least, largest}
			}
			j.mu.Lock()
			j.rates = append(j.rates, s)
			j.mu.Unlock()
		}
	})
}

// poll requests the metric of a workload until ctx ends, and judges each answer once the truth about it is known.
func (j *judge) poll(ctx context.Context, plane *plane, p peer, w workload) {
	var waiting []observation
	verifier.Paced(ctx, polling, func(int) {
		o := observation{asked: time.Now()}
		o.value, o.err = plane.value(ctx, p.path(w))
		o.answered = time.Now()
		if ctx.Err() != nil {
			return
		}
		waiting = append(waiting, o)
		for len(waiting) > 0 && time.Since(waiting[0].answered) > settling {
			o := waiting[0]
			waiting = waiting[1:]
			switch {
			case o.err != nil:
			case w.metric == jobs:
				o.age = j.age(o)
				o.wrong = o.age > tolerance
			default:
				o.wrong = !j.rate(verifier.Span{From: o.asked.Add(-p.window(w.setting) - tolerance), To: o.answered}).hold(o.value)
			}
			j.mu.Lock()
			j.observations[w.name()] = append(j.observations[w.name()], o)
			j.mu.Unlock()
		}
	})
}

// age returns how long before a request the number of jobs was what it states, to the second, and oldest if it was not since.
func (j *judge) age(o observation) time.Duration {
	for age := time.Duration(0); age < oldest; age += time.Second {
		least, largest, known := j.truth.Level(list, o.asked.Add(-age), o.answered)
		if !known || (bounds{least, largest}).hold(o.value) {
			return age
		}
	}
	return oldest
}

// rate returns the bounds of a rate that is taken within a span.
func (j *judge) rate(within verifier.Span) bounds {
	j.mu.Lock()
	defer j.mu.Unlock()
	found := bounds{math.Inf(1), 0}
	for _, s := range slices.Backward(j.rates) {
		if s.To.Before(within.From) {
			break
		}
		if s.From.Before(within.To) {
			found = bounds{min(found.least, s.least), max(found.largest, s.largest)}
		}
	}
	if math.IsInf(found.least, 1) {
		found.least = 0
	}
	return bounds{found.least * (1 - toleratedShare), found.largest*(1+toleratedShare) + toleratedRequests}
}

// within returns what was observed of a workload within a span.
func (j *judge) within(w workload, span verifier.Span) (found []observation) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, o := range j.observations[w.name()] {
		if o.asked.After(span.From) && o.asked.Before(span.To) {
			found = append(found, o)
		}
	}
	return found
}

// knownAfter returns how long after an instant a metric was first known: of jobs, when it showed one that was added since.
func (j *judge) knownAfter(w workload, instant time.Time) (time.Duration, bool) {
	_, before, _ := j.truth.Level(list, instant, instant)
	for _, o := range j.within(w, verifier.Span{From: instant, To: time.Now()}) {
		if o.err == nil && !o.wrong && (w.metric != jobs || o.value > before) {
			return o.answered.Sub(instant), true
		}
	}
	return 0, false
}

// TestJudge states numbers of a list that grew from 10 to 20, and rates of a load that stood still for a second.
func TestJudge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		truth := &verifier.Truth{}
		j := newJudge(truth)
		start := time.Now()
		at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
		truth.Set(list, at(-100), at(-100), 10)
		truth.Set(list, at(50), at(50.1), 20)
		for value, want := range map[float64]time.Duration{20: 0, 10: 10 * time.Second, 15: 10 * time.Second, 30: oldest} {
			if got := j.age(observation{asked: at(60), answered: at(60.2), value: value}); got != want {
				t.Errorf("%v jobs are %s old, want %s", value, got, want)
			}
		}
		for i, each := range []bounds{{100, 110}, {0, 0}, {100, 120}} {
			j.rates = append(j.rates, second{verifier.Span{From: at(float64(i)), To: at(float64(i + 1))}, each})
		}
		for _, test := range []struct {
			from, to, value float64
			holds           bool
		}{
			{2.5, 3, 100, true}, {2.5, 3, 80, false}, {2.5, 3, 150, true}, {2.5, 3, 160, false}, {1.5, 3, 0, true}, {0.5, 0.9, 0, false},
		} {
			within := verifier.Span{From: at(test.from), To: at(test.to)}
			if got := j.rate(within).hold(test.value); got != test.holds {
				t.Errorf("%v requests/s from %v s to %v s: %t, want %t", test.value, test.from, test.to, got, test.holds)
			}
		}
	})
}
