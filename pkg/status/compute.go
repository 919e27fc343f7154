package status

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// input is what the status of an object is computed from.
type input struct {
	target  *target.Target
	history *history.History
	// shown is the status that the API server holds.
	shown *v1alpha1.RedisStatus
	// observed are the conditions as last computed.
	observed []metav1.Condition
	// hint names another object on the same server, or is empty.
	hint string
	// holdUntil is until when the status of the previous leader may be held.
	holdUntil time.Time
	now       time.Time
}

// computed is the status that an object should have.
type computed struct {
	// status lacks the summary.
	status v1alpha1.RedisStatus
	// until is when to compute it again even if no attempt ends and no object changes.
	until time.Time
	// held means that it keeps what the previous leader wrote and this replica does not know
	// yet.
	held bool
}

// verdict is the part of a condition that follows from what was observed.
type verdict struct {
	status          metav1.ConditionStatus
	reason, message string
}

// compute returns the status that an object should have. It has no side effects.
func (c *Controller) compute(in *input) computed {
	t, h := in.target, in.history
	failed, shownReady := failureOf(h.Failure()), meta.FindStatusCondition(in.shown.Conditions, v1alpha1.ConditionReady)
	_, sampled := h.Newest()
	attempted := sampled || failed != nil
	until := in.now.Add(resyncPeriod)
	mayHold := in.now.Before(in.holdUntil) && failed == nil && shownReady != nil && shownReady.ObservedGeneration == t.Generation
	if mayHold && !attempted {
		return computed{status: *in.shown, until: in.holdUntil, held: true}
	}
	status := v1alpha1.RedisStatus{
		ObservedGeneration: t.Generation,
		Endpoint:           endpoint(t),
		Conditions:         make([]metav1.Condition, 0, len(in.shown.Conditions)),
		Nodes:              in.shown.Nodes,
	}
	if attempted || in.shown.ObservedGeneration != t.Generation {
		status.Nodes = nodes(h, in.shown.Nodes)
	}
	set := func(kind string, v verdict) {
		status.Conditions = append(status.Conditions, in.condition(kind, v))
	}

	if sample, err := h.Latest(in.now); err == nil {
		// At maxAge it is still current.
		until = earlier(until, sample.At.Add(t.MaxAge+time.Millisecond))
	}
	elsewhere := pointingElsewhere(failed, t)
	ready := readiness(h, elsewhere, in.hint, c.cfg.Foreign(), in.now)
	held := mayHold && ready.reason == reasonWarmingUp && shownReady.Status == metav1.ConditionTrue
	if held {
		ready = verdict{shownReady.Status, shownReady.Reason, shownReady.Message}
		until = earlier(until, in.holdUntil)
	}
	set(v1alpha1.ConditionReady, ready)
	set(v1alpha1.ConditionReachable, reachability(elsewhere, attempted))
	if t.Declares() {
		valid := metricsValid(t, h, c.cfg.Answers)
		if shown := meta.FindStatusCondition(in.shown.Conditions, v1alpha1.ConditionMetricsValid); held && shown != nil && valid.reason == reasonWarmingUp {
			valid = verdict{shown.Status, shown.Reason, shown.Message}
		}
		set(v1alpha1.ConditionMetricsValid, valid)
	}
	if t.Named() {
		set(v1alpha1.ConditionCredentialsValid, credentialsValid(h, failed, attempted))
	}
	if t.FallsBack() {
		uses, changes := c.cfg.Answers.Fallbacks(t, in.now)
		set(v1alpha1.ConditionFallbackInUse, fallbackInUse(uses))
		if !changes.IsZero() {
			until = earlier(until, changes)
		}
	}
	return computed{status: status, until: until, held: held}
}

// condition returns a condition with the time of its last transition. If the write had
// to wait, that is when the change was observed.
func (in *input) condition(kind string, v verdict) metav1.Condition {
	c := metav1.Condition{
		Type: kind, Status: v.status, Reason: v.reason, Message: v.message,
		ObservedGeneration: in.target.Generation, LastTransitionTime: second(in.now),
	}
	shown := meta.FindStatusCondition(in.shown.Conditions, kind)
	// A shown message is already short and printable.
	if shown == nil || shown.Message != c.Message {
		c.Message = message(c.Message)
	}
	before := shown
	if before == nil || before.Status != c.Status {
		before = meta.FindStatusCondition(in.observed, kind)
	}
	if before != nil && before.Status == c.Status {
		c.LastTransitionTime = before.LastTransitionTime
	}
	return c
}

// sameConditions reports whether two statuses are equal in all that is written at once
// when it changes: conditions, endpoint, and nodes except the times of their samples.
func sameConditions(a, b *v1alpha1.RedisStatus) bool {
	return a.ObservedGeneration == b.ObservedGeneration && a.Endpoint == b.Endpoint && slices.Equal(a.Conditions, b.Conditions) &&
		slices.EqualFunc(a.Nodes, b.Nodes, func(a, b v1alpha1.NodeStatus) bool {
			a.LastSampleTime, b.LastSampleTime = nil, nil
			return a == b
		})
}

// sameNumbers reports whether two statuses with the same conditions are equal.
func sameNumbers(a, b *v1alpha1.RedisStatus) bool {
	return equality.Semantic.DeepEqual(a.Summary, b.Summary) && equality.Semantic.DeepEqual(a.Nodes, b.Nodes)
}
