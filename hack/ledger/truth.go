package ledger

import (
	"math"
	"sync"
	"time"
)

const (
	// remembered is how far back a Truth reaches.
	remembered = 2 * time.Minute
	// unreplicated is how old a write may be that a failover loses: replication is asynchronous.
	unreplicated = 1500 * time.Millisecond
	// shortWindow is up to which a window is looked for by small steps.
	shortWindow = 2 * time.Second
)

// Span is a time from one instant to another.
type Span struct{ From, To time.Time }

// Truth is what is known of the servers behind an object. Its zero value knows nothing and is ready for use.
type Truth struct {
	mu       sync.Mutex
	requests counter
	levels   map[string]*level
	breaks   []Span
}

// Executed notes requests that were answered.
func (t *Truth) Executed(sent, acked time.Time, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests.add(sent, acked, int64(n))
	t.requests.forget(acked.Add(-remembered))
}

// Doubtful notes requests whose answer did not come.
func (t *Truth) Doubtful(sent time.Time, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests.doubt(sent, int64(n))
}

// Settled says that what was doubtful until now is not executed after an instant.
func (t *Truth) Settled(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests.settle(at)
}

// Set notes that a level became a value between two instants. A zero acked leaves open whether it did.
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

// Break notes that the process that answers is another one since a span, or counts anew: no rate may reach over it.
func (t *Truth) Break(span Span) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.breaks = append(t.breaks, span)
}

// Level returns the least and the largest value that a level may have had between two instants.
func (t *Truth) Level(metric string, from, to time.Time) (least, largest float64, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.levels[metric]
	if l == nil {
		return 0, 0, false
	}
	// A failover that nothing was written after may have taken back what was written before.
	written, _ := l.ackedBefore(from)
	for _, lost := range t.breaks {
		if !lost.To.Before(written) && !lost.From.After(to) && lost.From.Add(-unreplicated).Before(from) {
			from = lost.From.Add(-unreplicated)
		}
	}
	return l.between(from, to)
}

// Rates returns the lowest and the highest number of requests per second over all windows that agree with an instant
// and a window in whole seconds.
func (t *Truth) Rates(at time.Time, window time.Duration) (lowest, highest float64, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lowest, highest = math.Inf(1), math.Inf(-1)
	step := resolution / 4
	if window <= shortWindow { // a batch more or less tells
		step = resolution / 50
	}
	for end := at; !end.After(at.Add(resolution)); end = end.Add(step) {
		for length := window - resolution/2; length <= window+resolution/2; length += step {
			fewest, most, ok := t.requests.count(end.Add(-length), end)
			if !ok || length <= 0 {
				return 0, 0, false
			}
			lowest = min(lowest, float64(fewest)/length.Seconds())
			highest = max(highest, float64(most)/length.Seconds())
		}
	}
	return lowest, highest, true
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
