package status

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/series"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// need says how soon a status must be written.
type need int

const (
	needNothing need = iota
	needNumbers
	needUrgent // conditions, roles, versions, errors
)

// finding is the outcome of a look at an object.
type finding struct {
	need need
	// status is what to write, base what the API server holds.
	status, base *v1alpha1.RedisStatus
	// at is when the write may go out.
	at time.Time
	// again is when to look again although nobody notifies.
	again time.Time
}

// examine compares what is known of a target with its status. Of an object whose
// numbers wait for their turn, it does not compute them anew.
func (w *Writer) examine(o *object, t *target.Target, now time.Time, waits bool) finding {
	h := w.cfg.Series.Get(t.ID())
	v := look(h, t.MaxAge, w.cfg.ReasonOf, now)
	o.seenReady = o.seenReady || v.ready.status == metav1.ConditionTrue
	f := finding{base: o.base(t, now), again: now.Add(sweepPeriod)}
	if !v.expires.IsZero() {
		f.again = earlier(f.again, v.expires)
	}
	held := false
	if until := o.first.Add(min(2*t.Interval+t.Timeout, holdAtMost)); now.Before(until) && holds(f.base, t, o, v) {
		f.again = earlier(f.again, until)
		if !v.attempted {
			return f
		}
		ready := meta.FindStatusCondition(f.base.Conditions, v1alpha1.ConditionReady)
		v.ready = verdict{ready.Status, ready.Reason, ready.Message}
		held = true
	}
	f.status = compose(o, t, h, v, f.base, w.cfg.ReasonOf, now)
	numbersAt := o.wroteAt.Add(notableGap)
	switch {
	case !sameAtOnce(f.base, f.status):
		f.need, f.at = needUrgent, o.wroteAt.Add(objectGap)
		f.status.Summary = w.numbers.summary(h, t.Database, now)
	case held:
	case waits:
		f.need = needNumbers
	case now.Before(numbersAt):
		// They could not be written yet, and are most of the cost of a look.
		f.again = earlier(f.again, numbersAt)
	default:
		f.status.Summary = w.numbers.summary(h, t.Database, now)
		f.need, f.at = numbersNeed(f.base, f.status, o.wroteAt)
	}
	if f.at.Before(o.retryAt) {
		f.at = o.retryAt
	}
	return f
}

func numbersNeed(base, status *v1alpha1.RedisStatus, wroteAt time.Time) (need, time.Time) {
	switch {
	case notable(base.Summary, status.Summary):
		return needNumbers, wroteAt.Add(notableGap)
	case !equality.Semantic.DeepEqual(base, status):
		return needNumbers, wroteAt.Add(refreshGap)
	}
	return needNothing, time.Time{}
}

// holds tells whether the status of a leader before is better than what this
// replica knows so far.
func holds(base *v1alpha1.RedisStatus, t *target.Target, o *object, v view) bool {
	ready := meta.FindStatusCondition(base.Conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.ObservedGeneration != t.Generation || o.seenReady || v.failure != nil:
		return false
	case !v.attempted:
		return true
	}
	return v.ready.reason == reasonWarmingUp && ready.Status == metav1.ConditionTrue
}

// compose makes the status that the object should have, but for the summary.
func compose(o *object, t *target.Target, h *series.Series, v view, base *v1alpha1.RedisStatus, reasonOf func(error) string, now time.Time) *v1alpha1.RedisStatus {
	o.transitions.note(v1alpha1.ConditionReady, v.ready.status, now)
	o.transitions.note(v1alpha1.ConditionReachable, v.reachable.status, now)
	s := &v1alpha1.RedisStatus{
		ObservedGeneration: t.Generation,
		Conditions: []metav1.Condition{
			o.transitions.condition(v1alpha1.ConditionReady, v.ready, t.Generation, base),
			o.transitions.condition(v1alpha1.ConditionReachable, v.reachable, t.Generation, base),
		},
	}
	if valid, ok := metricsValid(t, h); ok {
		o.transitions.note(v1alpha1.ConditionMetricsValid, valid.status, now)
		s.Conditions = append(s.Conditions, o.transitions.condition(v1alpha1.ConditionMetricsValid, valid, t.Generation, base))
	}
	if valid, ok := credentialsValid(t, h, v, reasonOf); ok {
		o.transitions.note(v1alpha1.ConditionCredentialsValid, valid.status, now)
		s.Conditions = append(s.Conditions, o.transitions.condition(v1alpha1.ConditionCredentialsValid, valid, t.Generation, base))
	}
	failed := ""
	if v.failure != nil {
		failed = v.failure.message
	}
	n := node(t.Address, h, failed, base.Nodes)
	if v.attempted || n.LastSampleTime != nil {
		s.Nodes = []v1alpha1.NodeStatus{n}
	}
	return s
}

// sameAtOnce compares what is written at once when it changes.
func sameAtOnce(a, b *v1alpha1.RedisStatus) bool {
	return a.ObservedGeneration == b.ObservedGeneration &&
		slices.EqualFunc(a.Conditions, b.Conditions, func(a, b metav1.Condition) bool {
			a.LastTransitionTime, b.LastTransitionTime = metav1.Time{}, metav1.Time{}
			return a == b
		}) &&
		slices.EqualFunc(a.Nodes, b.Nodes, func(a, b v1alpha1.NodeStatus) bool {
			a.LastSampleTime, b.LastSampleTime = nil, nil
			return a == b
		})
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
