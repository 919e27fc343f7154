package status

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/record"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// announce sends Events for what changed from the status before to the one just written.
func announce(events record.EventRecorder, w write, before *v1alpha1.RedisStatus) {
	object := &corev1.ObjectReference{
		APIVersion: v1alpha1.GroupVersion().String(),
		Kind:       v1alpha1.Kind,
		Namespace:  w.name.Namespace,
		Name:       w.name.Name,
		UID:        w.uid,
	}
	tell := func(kind, reason, text string) { events.Event(object, kind, reason, message(text)) }
	if valid := became(v1alpha1.ConditionMetricsValid, before, w.status); valid != nil && valid.Status == metav1.ConditionFalse {
		tell(corev1.EventTypeWarning, valid.Reason, valid.Message)
	}
	if kind, reason, text := fallbackEvent(before, w.status); reason != "" {
		tell(kind, reason, text)
	}
	credentials := became(v1alpha1.ConditionCredentialsValid, before, w.status)
	ready := became(v1alpha1.ConditionReady, before, w.status)
	reachable := became(v1alpha1.ConditionReachable, before, w.status)
	switch {
	case ready != nil && ready.Status == metav1.ConditionTrue:
		tell(corev1.EventTypeNormal, ready.Reason, ready.Message)
	case ready != nil && ready.Status == metav1.ConditionFalse:
		tell(corev1.EventTypeWarning, ready.Reason, ready.Message)
		return // one cause, one Event
	}
	switch {
	case reachable != nil && reachable.Status == metav1.ConditionFalse:
		tell(corev1.EventTypeWarning, reachable.Reason, reachable.Message)
	case credentials != nil && credentials.Status == metav1.ConditionFalse:
		tell(corev1.EventTypeWarning, credentials.Reason, credentials.Message)
	}
}

// became returns the condition if its status changed.
func became(condition string, before, after *v1alpha1.RedisStatus) *metav1.Condition {
	now := meta.FindStatusCondition(after.Conditions, condition)
	if now == nil || meta.IsStatusConditionPresentAndEqual(before.Conditions, condition, now.Status) {
		return nil
	}
	return now
}
