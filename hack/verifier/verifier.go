package verifier

import (
	"sync"
	"time"
)

const (
	// settling is after how long an answer is checked. By then, requests around its instant have been answered, or are
	// in doubt.
	settling = 10 * time.Second
	// announcing is how long a change of an object may take to reach the adapter.
	announcing = time.Second
	// outOfTouch is how long a replica without news about objects may serve metrics.
	// Source: outOfTouch in pkg/target/index.go.
	outOfTouch = 2 * time.Minute
	// margin allows for instants that this process records late.
	margin = 250 * time.Millisecond
)

// Policy is how the objects are sampled: spec.sampling.
type Policy struct {
	Interval, Timeout, Window, MaxAge time.Duration
}

// Defaults returns the default policy.
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

// binding says which servers an object has named since some instant within a span, none if it was
// deleted.
type binding struct {
	since Span
	truth *Truth
	// moved means that the object is unchanged, but what it names became another
	// server.
	moved bool
}

// New returns an empty verifier.
func New(policy Policy) *Verifier {
	return &Verifier{policy: policy, bindings: map[string][]binding{}, expectations: map[string]map[string]Expectation{}, stated: map[string]map[string]statement{}, report: newTally()}
}

// Policy returns how the objects are sampled.
func (v *Verifier) Policy() Policy { return v.policy }

// Expect sets what answers about an object must be.
func (v *Verifier) Expect(object string, all []Expectation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.expectations[object] = map[string]Expectation{}
	for _, e := range all {
		v.expectations[object][e.String()] = e
	}
}

// Bind records that an object names other servers since an instant within a span, or was created again. Without a
// truth, it was deleted.
func (v *Verifier) Bind(object string, since Span, truth *Truth) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.bindings[object] = append(v.bindings[object], binding{since: since, truth: truth})
}

// Move records that what an object names became another server at an instant within a span, while the object is
// unchanged. The adapter is not notified: an earlier sample stays valid until it is too old, and no later one is of the
// earlier server.
func (v *Verifier) Move(object string, since Span, truth *Truth) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.bindings[object] = append(v.bindings[object], binding{since: since, truth: truth, moved: true})
}

// Begin records a fault that is about to be injected.
func (v *Verifier) Begin(fault string, effect Effect, objects ...string) *FaultWindow {
	v.mu.Lock()
	defer v.mu.Unlock()
	d := &FaultWindow{Effect: effect, Fault: fault, Objects: objects, verifier: v, began: time.Now()}
	v.faults = append(v.faults, d)
	return d
}

// Add adds an answer. It is checked once what happened around it is known.
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

// forget drops fault windows and standstills that can no longer affect an answer.
func (v *Verifier) forget(before time.Time) {
	for len(v.faults) > 0 && v.faults[0].over(before) {
		v.faults = v.faults[1:]
	}
	for len(v.standstills) > 0 && v.standstills[0].To.Before(before) {
		v.standstills = v.standstills[1:]
	}
}

// Violate counts a violation that the caller found.
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

// Settling returns within what time an answer is checked, while others arrive.
func (v *Verifier) Settling() time.Duration { return settling + margin }

// Report returns the counts so far.
func (v *Verifier) Report() Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.report.clone()
}

// announced returns when a replica of the adapter must have learned of a change to an object.
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

// current returns the bindings to which a sample of a span may belong if a replica serves it at an instant, the oldest
// first. Once the replica has learned of the next binding, it serves nothing of the earlier one.
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
