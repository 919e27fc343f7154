package verifier

import (
	"sync"
	"time"
)

const (
	// settling is after how long an answer is checked: what was sent about its instant has been answered by then, or is in doubt.
	settling = 10 * time.Second
	// announcing is how long a change of an object may take to reach the adapter.
	announcing = time.Second
	// outOfTouch is how long a replica that hears nothing of objects may serve what they said last.
	// Source: outOfTouch in pkg/target/index.go.
	outOfTouch = 2 * time.Minute
	// margin is granted to instants that this process notes late.
	margin = 250 * time.Millisecond
)

// Policy is how the objects are sampled, as spec.sampling says.
type Policy struct {
	Interval, Timeout, Window, MaxAge time.Duration
}

// Defaults is how an object is sampled that does not say it.
func Defaults() Policy {
	return Policy{Interval: 5 * time.Second, Timeout: time.Second, Window: 15 * time.Second, MaxAge: 15 * time.Second}
}

// Verifier compares answers with the truth.
type Verifier struct {
	policy Policy

	mu           sync.Mutex
	bindings     map[string][]binding
	expectations map[string]map[string]Expectation // by object and question
	faults       []*FaultWindow
	standstills  []Span
	waiting      []Answer
	stated       map[string]map[string]statement // the newest by question and replica
	report       Report
}

// binding says which servers an object names since some instant within a span, none if it was deleted.
type binding struct {
	since Span
	truth *Truth
	// moved means that the object is the same, and what it names became another server.
	moved bool
}

// New returns an empty verifier.
func New(policy Policy) *Verifier {
	return &Verifier{policy: policy, bindings: map[string][]binding{}, expectations: map[string]map[string]Expectation{}, stated: map[string]map[string]statement{}, report: newTally()}
}

// Policy returns how the objects are sampled.
func (v *Verifier) Policy() Policy { return v.policy }

// Expect says what answers of an object have to be.
func (v *Verifier) Expect(object string, all []Expectation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.expectations[object] = map[string]Expectation{}
	for _, e := range all {
		v.expectations[object][e.String()] = e
	}
}

// Bind notes that an object names other servers since an instant within a span, or was made again. Without a truth it
// was deleted.
func (v *Verifier) Bind(object string, since Span, truth *Truth) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.bindings[object] = append(v.bindings[object], binding{since: since, truth: truth})
}

// Move notes that what an object names became another server at an instant within a span, while the object stayed. Nobody
// tells the adapter: a sample from before stays good until it is too old, and no later one is of the server before.
func (v *Verifier) Move(object string, since Span, truth *Truth) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.bindings[object] = append(v.bindings[object], binding{since: since, truth: truth, moved: true})
}

// Begin notes a fault window that is about to be injected.
func (v *Verifier) Begin(fault string, effect Effect, objects ...string) *FaultWindow {
	v.mu.Lock()
	defer v.mu.Unlock()
	d := &FaultWindow{Effect: effect, Fault: fault, Objects: objects, verifier: v, began: time.Now()}
	v.faults = append(v.faults, d)
	return d
}

// Add takes an answer. It is checked once its surroundings are known.
func (v *Verifier) Add(a Answer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.waiting = append(v.waiting, a)
	due := a.Answered.Add(-settling)
	for len(v.waiting) > 0 && v.waiting[0].Answered.Before(due) {
		v.check(v.waiting[0])
		v.waiting = v.waiting[1:]
	}
	v.forget(due.Add(-remembered))
}

// forget drops fault windows and standstills that no answer can be due to any more.
func (v *Verifier) forget(before time.Time) {
	for len(v.faults) > 0 && v.faults[0].over(before) {
		v.faults = v.faults[1:]
	}
	for len(v.standstills) > 0 && v.standstills[0].To.Before(before) {
		v.standstills = v.standstills[1:]
	}
}

// Violate counts what somebody else found to be wrong.
func (v *Verifier) Violate(sentence string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.violate("", sentence, sentence)
}

// Close checks all answers that have not been checked, and returns the counts.
func (v *Verifier) Close() Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, a := range v.waiting {
		v.check(a)
	}
	v.waiting = nil
	return v.report.clone()
}

// Settling is how long after an answer it is checked at the latest, while others come in.
func (v *Verifier) Settling() time.Duration { return settling + margin }

// Report returns the counts so far.
func (v *Verifier) Report() Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.report.clone()
}

// announced is when a replica of the adapter has heard of a change of an object at the latest.
func (v *Verifier) announced(object, replica string, b binding) time.Time {
	if b.moved {
		return b.since.To
	}
	at := b.since.To.Add(announcing)
	at = at.Add(v.lost(Span{b.since.From, at}))
	for _, d := range v.faults {
		if d.Cut && d.affects(object) && d.reaches(replica) && !d.began.After(b.since.To) && (d.repaired.IsZero() || d.repaired.After(b.since.From)) {
			lost := b.since.To.Add(outOfTouch)
			if at = d.repaired.Add(d.Within); d.repaired.IsZero() || lost.Before(at) {
				at = lost
			}
		}
	}
	return at
}

// current returns the bindings that a sample of a span may be of if a replica serves it at an instant, the oldest first.
// Nothing is served of a binding once the replica has heard of the next one, whenever the sample was taken.
func (v *Verifier) current(object, replica string, taken Span, asked time.Time) []binding {
	var found []binding
	all := v.bindings[object]
	for n, b := range all {
		over := false
		if n+1 < len(all) {
			next, served := all[n+1], asked
			if next.moved {
				served = taken.From
			}
			over = v.announced(object, replica, next).Before(served)
		}
		if !over && !b.since.From.After(taken.To.Add(margin)) {
			found = append(found, b)
		}
	}
	return found
}

// LeastLevel returns the least value that a level of an object may have had between two instants.
func (v *Verifier) LeastLevel(object, metric string, from, to time.Time) (float64, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	found := false
	least := 0.0
	for _, b := range v.current(object, "", Span{from, to}, from) {
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
