package verifier

import (
	"math"
	"slices"
	"sync"
	"time"
)

const (
	// remembered is how far back a Truth reaches.
	remembered = 2 * time.Minute
	// unreplicated is how old a write may be that a failover loses, because replication is
	// asynchronous.
	unreplicated = 1500 * time.Millisecond
	// shortWindow is the longest window that is searched for in small steps.
	shortWindow = 2 * time.Second
)

// Span is a time from one instant to another.
type Span struct{ From, To time.Time }

// Truth is what is known about the servers behind an object. Its zero value knows nothing and is ready for
// use.
type Truth struct {
	mu     sync.Mutex
	counts counter
	levels map[string]*level
	breaks []Span
}

// Executed records events that answers report.
func (t *Truth) Executed(sent, acked time.Time, n Events) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.add(sent, acked, n)
	t.counts.forget(acked.Add(-remembered))
}

// Answered records requests about which nothing else is known.
func (t *Truth) Answered(sent, acked time.Time, requests int64) {
	t.Executed(sent, acked, Events{Requests: requests})
}

// Doubtful records events that may have happened, because no answer came.
func (t *Truth) Doubtful(sent time.Time, n Events) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.doubt(sent, n)
}

// Settled records that what is doubtful now is not executed after an instant.
func (t *Truth) Settled(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.settle(at)
}

// Set records that a level became a value between two instants. If acked is zero, it may not have.
func (t *Truth) Set(metric string, sent, acked time.Time, value float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.levels == nil {
		t.levels = map[string]*level{}
	}
	if t.levels[metric] == nil {
		t.levels[metric] = &level{}
	}
	t.levels[metric].set(sent, acked, value)
	t.levels[metric].forget(sent.Add(-remembered))
}

// Break records that within a span the answering process changed, or its counters began again, so no rate may include
// it. Within the span, the sampled process may differ from the one that gets the load.
func (t *Truth) Break(span Span) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.breaks = append(t.breaks, span)
}

// Leaves records that the only replica may leave its primary from now on.
func (t *Truth) Leaves() { t.Set(Followers, time.Now(), time.Time{}, 0) }

// Returns records that the only replica is connected.
func (t *Truth) Returns() { t.Set(Followers, time.Now(), time.Now(), 1) }

// Happened records that something happened at some instant within a span. The level then holds that instant. If the end
// is zero, it may not have happened.
func (t *Truth) Happened(name string, span Span) {
	last := span.To
	if last.IsZero() {
		last = time.Now()
	}
	t.Set(name, span.From, span.To, stamp(last))
	t.Set(name, span.From, time.Time{}, stamp(span.From)) // it may be as early as that
}

// Level returns the least and the largest value that a level may have had between two instants.
func (t *Truth) Level(name string, from, to time.Time) (least, largest float64, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.level(name, from, to)
}

func (t *Truth) level(name string, from, to time.Time) (least, largest float64, known bool) {
	l := t.levels[name]
	if l == nil {
		return 0, 0, false
	}
	// A failover without a later write may have lost earlier writes.
	written, _ := l.ackedBefore(from)
	for _, lost := range t.breaks {
		if !lost.To.Before(written) && !lost.From.After(to) && lost.From.Add(-unreplicated).Before(from) {
			from = lost.From.Add(-unreplicated)
		}
	}
	return l.between(from, to)
}

// Over returns the bounds of a number over a span.
func (t *Truth) Over(span Span, of Bounds) (least, largest float64, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := &Window{Span: span, truth: t}
	least, largest = of(w)
	return least, largest, !w.unknown
}

// Requests returns about how many requests a second there were within a span, 0 if unknown.
func (t *Truth) Requests(span Span) float64 {
	least, largest, _ := t.Over(span, rate(Requests))
	return (least + largest) / 2
}

// Within returns the bounds of a number over all windows that an instant and a window in whole seconds may mean.
func (t *Truth) Within(at time.Time, window time.Duration, of Bounds) (least, largest float64, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	least, largest = math.Inf(1), math.Inf(-1)
	step, edge := resolution/4, pace/2
	if window <= shortWindow { // a script more or less tells
		step, edge = resolution/50, 0
	}
	for end := at; !end.After(at.Add(resolution)); end = end.Add(step) {
		for length := window - resolution/2; length <= window+resolution/2; length += step {
			w := &Window{Span: Span{end.Add(-length), end}, truth: t, edge: edge}
			low, high := of(w)
			if w.unknown || length <= 0 {
				return 0, 0, false
			}
			least, largest = min(least, low), max(largest, high)
		}
	}
	return least, largest, true
}

// broken returns a break that lies within a span.
func (t *Truth) broken(within Span) (Span, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range t.breaks {
		if b.From.After(within.From) && b.To.Before(within.To) {
			return b, true
		}
	}
	return Span{}, false
}

// inBreak reports whether an instant lies within a break.
func (t *Truth) inBreak(at time.Time) bool {
	return slices.ContainsFunc(t.breaks, func(b Span) bool { return !at.Before(b.From) && !at.After(b.To) })
}
