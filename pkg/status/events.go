package status

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/record"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// The reasons of Events about fallbacks. Other Events have the reason of their
// condition.
const (
	eventFallbackInUse   = "FallbackInUse"
	eventFallbackEnded   = "FallbackEnded"
	eventFallbackExpired = "FallbackExpired"
)

// announce records Events for the conditions that differ between two statuses.
func announce(events record.EventRecorder, o *object, before, after *v1alpha1.RedisStatus) {
	object := &corev1.ObjectReference{
		APIVersion: v1alpha1.GroupVersion().String(), Kind: v1alpha1.Kind, Namespace: o.name.Namespace, Name: o.name.Name, UID: o.uid,
	}
	turned := func(kind string, status metav1.ConditionStatus) *metav1.Condition {
		c := meta.FindStatusCondition(after.Conditions, kind)
		if c == nil || c.Status != status || meta.IsStatusConditionPresentAndEqual(before.Conditions, kind, status) {
			return nil
		}
		return c
	}

	if c := turned(v1alpha1.ConditionMetricsValid, metav1.ConditionFalse); c != nil {
		events.Event(object, corev1.EventTypeWarning, c.Reason, c.Message)
	}
	if c := turned(v1alpha1.ConditionFallbackInUse, metav1.ConditionTrue); c != nil {
		events.Event(object, corev1.EventTypeWarning, eventFallbackInUse, c.Message)
	}
	if c := turned(v1alpha1.ConditionFallbackInUse, metav1.ConditionFalse); c != nil && meta.IsStatusConditionTrue(before.Conditions, c.Type) {
		if c.Reason == reasonNotNeeded {
			events.Event(object, corev1.EventTypeNormal, eventFallbackEnded, c.Message)
		} else {
			events.Event(object, corev1.EventTypeWarning, eventFallbackExpired, c.Message)
		}
	}
	if c := turned(v1alpha1.ConditionReady, metav1.ConditionTrue); c != nil {
		events.Event(object, corev1.EventTypeNormal, c.Reason, c.Message)
	}
	// One Event for one cause.
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReachable, v1alpha1.ConditionCredentialsValid} {
		if c := turned(kind, metav1.ConditionFalse); c != nil {
			events.Event(object, corev1.EventTypeWarning, c.Reason, c.Message)
			return
		}
	}
}
