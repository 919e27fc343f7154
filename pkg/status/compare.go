package status

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// need says how soon a status must be written.
type need int

const (
	needNothing need = iota
	needNumbers
	needUrgent // conditions, roles, versions, errors
)

// comparison is an observation, and what the status lacks of it.
type comparison struct {
	observation
	need need
	// base is the status that the API server holds.
	base *v1alpha1.RedisStatus
	// at is when the write may go out.
	at time.Time
	// again is when to look again although nobody notifies, beside when the sample expires.
	again time.Time
	// current means that until then nothing is to be done unless the observation changes.
	current bool
}

// compare compares what is known of a target with its status. It computes no numbers
// for an object whose numbers already wait for their turn.
func (w *Writer) compare(o *object, t *target.Target, now time.Time, waits bool) comparison {
	f := comparison{observation: w.observe(t, w.cfg.Histories.Get(t.ID()), o.hint, now), base: o.base(t, now), again: now.Add(sweepPeriod)}
	o.seenReady = o.seenReady || f.ready.status == metav1.ConditionTrue
	if until := o.first.Add(min(2*t.Interval+t.Timeout, holdAtMost)); now.Before(until) && keepsPredecessors(f.base, t, o, &f.view) {
		f.again = earlier(f.again, until)
		if !f.attempted {
			return f
		}
		f.hold(f.base)
	}
	w.judge(&f.observation, f.base, now)
	if !f.changes.IsZero() {
		f.again = earlier(f.again, f.changes)
	}
	for n := range f.count {
		o.transitions.note(f.judged[n].condition, f.judged[n].status, now)
	}
	w.decide(&f, o, now, waits)
	if f.at.Before(o.retryAt) {
		f.at = o.retryAt
	}
	return f
}

// decide finds what an object needs, and whether attempts may change that.
func (w *Writer) decide(f *comparison, o *object, now time.Time, waits bool) {
	numbersAt := o.wroteAt.Add(numbersGap)
	undisturbed := f.base == f.target.Status && f.changes.IsZero()
	switch {
	case !f.shownBy(f.base, w.cfg.ReasonOf):
		f.need, f.at = needUrgent, o.wroteAt.Add(objectGap)
	case f.held:
	case waits:
		f.need, f.current = needNumbers, undisturbed
	case now.Before(numbersAt):
		// They could not be written yet, and are most of the cost of a look.
		f.again, f.current = earlier(f.again, numbersAt), undisturbed
	default:
		summary := w.numbers.summary(f.history, f.target.Database, now)
		if !equality.Semantic.DeepEqual(f.base.Summary, summary) || !sampledAsShown(f.base.Nodes, f.history, w.cfg.ReasonOf) {
			f.need, f.current = needNumbers, undisturbed
		}
	}
}

// keepsPredecessors reports whether the status of a leader before is better than what this
// replica knows so far.
func keepsPredecessors(base *v1alpha1.RedisStatus, t *target.Target, o *object, v *view) bool {
	ready := meta.FindStatusCondition(base.Conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.ObservedGeneration != t.Generation || o.seenReady || v.failure != nil:
		return false
	case !v.attempted:
		return true
	}
	return v.ready.reason == reasonWarmingUp && ready.Status == metav1.ConditionTrue
}

// compose makes the status that an object should have.
func (w *Writer) compose(o *object, f *comparison, now time.Time) *v1alpha1.RedisStatus {
	s := &v1alpha1.RedisStatus{
		ObservedGeneration: f.target.Generation,
		Endpoint:           endpoint(f.target),
		Conditions:         make([]metav1.Condition, f.count),
		Nodes:              f.base.Nodes,
		Summary:            w.numbers.summary(f.history, f.target.Database, now),
	}
	for n := range s.Conditions {
		s.Conditions[n] = o.transitions.condition(f.judged[n], f.target.Generation, f.base)
	}
	if !f.keepsNodes(f.base) {
		s.Nodes = nodes(f.history, w.cfg.ReasonOf, f.base.Nodes)
	}
	return s
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
