package ledger

import (
	"sync"
	"time"
)

const (
	// settling is after how long an answer is checked: what was sent about its instant has been answered by then, or is in doubt.
	settling = 10 * time.Second
	// announcing is how long a change of an object may take to reach the adapter.
	announcing = time.Second
	// margin is granted to instants that this process notes late.
	margin = 250 * time.Millisecond
)

// Policy is how the objects are sampled, as spec.sampling says.
type Policy struct {
	Interval, Timeout, Window, MaxAge time.Duration
}

// Ledger holds answers against the truth.
type Ledger struct {
	policy Policy

	mu           sync.Mutex
	bindings     map[string][]binding
	expectations map[string]map[string]Expectation // by object and question
	disturbances []*Disturbance
	standstills  []Span
	waiting      []Answer
	tally        Tally
}

// binding says which servers an object names since some instant within a span, none if it was deleted.
type binding struct {
	since Span
	truth *Truth
	// moved means that the object is the same, and what it names became another server.
	moved bool
}

// New returns an empty ledger.
func New(policy Policy) *Ledger {
	return &Ledger{policy: policy, bindings: map[string][]binding{}, expectations: map[string]map[string]Expectation{}, tally: newTally()}
}

// Policy returns how the objects are sampled.
func (l *Ledger) Policy() Policy { return l.policy }

// Expect says what answers of an object have to be.
func (l *Ledger) Expect(object string, all []Expectation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expectations[object] = map[string]Expectation{}
	for _, e := range all {
		l.expectations[object][e.String()] = e
	}
}

// Bind notes that an object names other servers since an instant within a span, or was made again. Without a truth it
// was deleted.
func (l *Ledger) Bind(object string, since Span, truth *Truth) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bindings[object] = append(l.bindings[object], binding{since: since, truth: truth})
}

// Move notes that what an object names became another server at an instant within a span, while the object stayed. Nobody
// tells the adapter: a sample from before stays good until it is too old, and no later one is of the server before.
func (l *Ledger) Move(object string, since Span, truth *Truth) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bindings[object] = append(l.bindings[object], binding{since: since, truth: truth, moved: true})
}

// Begin notes a disturbance that is about to be injected.
func (l *Ledger) Begin(fault string, effect Effect, objects ...string) *Disturbance {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := &Disturbance{Effect: effect, Fault: fault, Objects: objects, ledger: l, began: time.Now()}
	l.disturbances = append(l.disturbances, d)
	return d
}

// Add takes an answer. It is checked once its surroundings are known.
func (l *Ledger) Add(a Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, a)
	due := a.Answered.Add(-settling)
	for len(l.waiting) > 0 && l.waiting[0].Answered.Before(due) {
		l.check(l.waiting[0])
		l.waiting = l.waiting[1:]
	}
	l.forget(due.Add(-remembered))
}

// forget drops disturbances and standstills that no answer can be due to any more.
func (l *Ledger) forget(before time.Time) {
	for len(l.disturbances) > 0 && l.disturbances[0].over(before) {
		l.disturbances = l.disturbances[1:]
	}
	for len(l.standstills) > 0 && l.standstills[0].To.Before(before) {
		l.standstills = l.standstills[1:]
	}
}

// Violate counts what somebody else found to be wrong.
func (l *Ledger) Violate(sentence string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.violate("", sentence, sentence)
}

// Close checks all answers that have not been checked, and returns the counts.
func (l *Ledger) Close() Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.waiting {
		l.check(a)
	}
	l.waiting = nil
	return l.tally.clone()
}

// Settling is how long after an answer it is checked at the latest, while others come in.
func (l *Ledger) Settling() time.Duration { return settling + margin }

// Tally returns the counts so far.
func (l *Ledger) Tally() Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tally.clone()
}

// announced is when the adapter has heard of a change of an object at the latest.
func (l *Ledger) announced(object string, b binding) time.Time {
	if b.moved {
		return b.since.To
	}
	at := b.since.To.Add(announcing)
	at = at.Add(l.lost(Span{b.since.From, at}))
	for _, d := range l.disturbances {
		if d.Cut && d.befalls(object) && !d.began.After(b.since.To) && (d.repaired.IsZero() || d.repaired.After(b.since.From)) {
			if at = d.repaired.Add(d.Within); d.repaired.IsZero() {
				return b.since.To.Add(remembered)
			}
		}
	}
	return at
}

// current returns the bindings that a sample of a span may be of, the oldest first.
func (l *Ledger) current(object string, taken Span) []binding {
	var found []binding
	all := l.bindings[object]
	for n, b := range all {
		over := n+1 < len(all) && l.announced(object, all[n+1]).Before(taken.From)
		if !over && !b.since.From.After(taken.To.Add(margin)) {
			found = append(found, b)
		}
	}
	return found
}

// LeastLevel returns the least value that a level of an object may have had between two instants.
func (l *Ledger) LeastLevel(object, metric string, from, to time.Time) (float64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := false
	least := 0.0
	for _, b := range l.current(object, Span{from, to}) {
		if b.truth == nil {
			continue
		}
		value, _, ok := b.truth.Level(metric, from, to)
		if !ok {
			return 0, false
		}
		if !found || value < least {
			least = value
		}
		found = true
	}
	return least, found
}
