package status

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/record"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// Reasons of Events about fallbacks. Other Events have the reason of their condition.
const (
	eventFallbackInUse   = "FallbackInUse"
	eventFallbackEnded   = "FallbackEnded"
	eventFallbackExpired = "FallbackExpired"
)

// announce records Events for the conditions that changed from one status to the next.
func announce(events record.EventRecorder, o *object, before, after *v1alpha1.RedisStatus) {
	object := &corev1.ObjectReference{
		APIVersion: v1alpha1.GroupVersion().String(), Kind: v1alpha1.Kind, Namespace: o.name.Namespace, Name: o.name.Name, UID: o.uid,
	}
	normal := func(c *metav1.Condition, reason string) {
		events.Event(object, corev1.EventTypeNormal, reason, message(c.Message))
	}
	warn := func(c *metav1.Condition, reason string) {
		events.Event(object, corev1.EventTypeWarning, reason, message(c.Message))
	}

	if valid := became(v1alpha1.ConditionMetricsValid, before, after); is(valid, metav1.ConditionFalse) {
		warn(valid, valid.Reason)
	}
	fallback := became(v1alpha1.ConditionFallbackInUse, before, after)
	switch wasInUse := meta.IsStatusConditionTrue(before.Conditions, v1alpha1.ConditionFallbackInUse); {
	case is(fallback, metav1.ConditionTrue):
		warn(fallback, eventFallbackInUse)
	case fallback == nil || !wasInUse:
	case fallback.Reason == reasonNotNeeded:
		normal(fallback, eventFallbackEnded)
	default:
		warn(fallback, eventFallbackExpired)
	}
	ready := became(v1alpha1.ConditionReady, before, after)
	if is(ready, metav1.ConditionTrue) {
		normal(ready, ready.Reason)
	}
	// One cause, one Event.
	for _, condition := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReachable, v1alpha1.ConditionCredentialsValid} {
		if c := became(condition, before, after); is(c, metav1.ConditionFalse) {
			warn(c, c.Reason)
			return
		}
	}
}

// became returns a condition if its status changed, else nil.
func became(condition string, before, after *v1alpha1.RedisStatus) *metav1.Condition {
	c := meta.FindStatusCondition(after.Conditions, condition)
	if c == nil || meta.IsStatusConditionPresentAndEqual(before.Conditions, condition, c.Status) {
		return nil
	}
	return c
}

func is(c *metav1.Condition, status metav1.ConditionStatus) bool {
	return c != nil && c.Status == status
}
