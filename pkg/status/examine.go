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
	v.ready = routed(v.ready, w.cfg.Foreign())
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
	extra, changes := w.extraConditions(t, h, v, held, f.base, now)
	if !changes.IsZero() {
		f.again = earlier(f.again, changes)
	}
	f.status = w.compose(o, t, h, v, extra, f.base, now)
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

// named is a verdict and the condition that it is one on.
type named struct {
	condition string
	verdict
}

// extraConditions judges what not every object has, and tells when that changes by
// itself, zero if it does not. While the status of a leader before is held, a
// metric that only waits for samples is no news.
func (w *Writer) extraConditions(t *target.Target, h *series.Series, v view, held bool, base *v1alpha1.RedisStatus, now time.Time) ([]named, time.Time) {
	var extra []named
	if valid, ok := metricsValid(t, h, w.cfg.Answers); ok {
		if before := meta.FindStatusCondition(base.Conditions, v1alpha1.ConditionMetricsValid); held && before != nil && valid.reason == reasonWarmingUp {
			valid = verdict{before.Status, before.Reason, before.Message}
		}
		extra = append(extra, named{v1alpha1.ConditionMetricsValid, valid})
	}
	if valid, ok := credentialsValid(t, h, v, w.cfg.ReasonOf); ok {
		extra = append(extra, named{v1alpha1.ConditionCredentialsValid, valid})
	}
	if !t.FallsBack() {
		return extra, time.Time{}
	}
	uses, changes := w.cfg.Answers.Fallbacks(t, now)
	return append(extra, named{v1alpha1.ConditionFallbackInUse, fallbackInUse(uses)}), changes
}

// compose makes the status that the object should have, but for the summary.
func (w *Writer) compose(o *object, t *target.Target, h *series.Series, v view, extra []named, base *v1alpha1.RedisStatus, now time.Time) *v1alpha1.RedisStatus {
	s := &v1alpha1.RedisStatus{ObservedGeneration: t.Generation}
	all := append([]named{{v1alpha1.ConditionReady, v.ready}, {v1alpha1.ConditionReachable, v.reachable}}, extra...)
	for _, one := range all {
		o.transitions.note(one.condition, one.status, now)
		s.Conditions = append(s.Conditions, o.transitions.condition(one.condition, one.verdict, t.Generation, base))
	}
	s.Nodes = nodes(h, w.cfg.ReasonOf, base.Nodes)
	if !v.attempted && base.ObservedGeneration == t.Generation {
		s.Nodes = base.Nodes
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
