package overview

import (
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

// addHPA adds an HPA if it has a metric of a Redis object, or of the given one if it is
// not empty.
func (o *Overview) addHPA(object *autoscalingv2.HorizontalPodAutoscaler, events []corev1.Event, redis string) {
	hpa := newHPA(object)
	if len(hpa.Metrics) == 0 || redis != "" && !hpa.uses(redis) {
		return
	}
	for _, event := range events {
		if of := event.InvolvedObject; of.Namespace == hpa.Namespace && of.Name == hpa.Name {
			hpa.Events = append(hpa.Events, Event{kubeapi.LastSeen(event), event.Type, event.Reason, event.Message, event.Count})
		}
	}
	slices.SortFunc(hpa.Events, func(a, b Event) int { return a.Time.Compare(b.Time) })
	o.HPAs = append(o.HPAs, hpa)
}

func (h *HPA) uses(redis string) bool {
	return slices.ContainsFunc(h.Metrics, func(m HPAMetric) bool { return m.Redis == redis })
}

func newHPA(object *autoscalingv2.HorizontalPodAutoscaler) HPA {
	hpa := HPA{
		Namespace: object.Namespace, Name: object.Name, Target: object.Spec.ScaleTargetRef,
		Min: ptr.Deref(object.Spec.MinReplicas, 1), Max: object.Spec.MaxReplicas, Conditions: object.Status.Conditions,
	}
	hpa.Current, hpa.Desired = replicas(object.Status)
	for _, metric := range object.Spec.Metrics {
		if !isOfRedis(metric) {
			continue
		}
		target := metric.Object.Target
		added := HPAMetric{Redis: metric.Object.DescribedObject.Name, Name: metric.Object.Metric.Name, TargetType: target.Type, Target: target.Value}
		if target.Type == autoscalingv2.AverageValueMetricType {
			added.Target = target.AverageValue
		}
		selector, err := kubeapi.Selector(metric.Object.Metric.Selector)
		added.Selector = selector
		if err != nil {
			added.Error = "the selector is invalid: " + err.Error()
		}
		hpa.Metrics = append(hpa.Metrics, added)
	}
	return hpa
}

func isOfRedis(metric autoscalingv2.MetricSpec) bool {
	if metric.Type != autoscalingv2.ObjectMetricSourceType || metric.Object == nil {
		return false
	}
	described := schema.FromAPIVersionAndKind(metric.Object.DescribedObject.APIVersion, metric.Object.DescribedObject.Kind)
	return described.GroupKind() == v1alpha1.GroupVersion().WithKind(v1alpha1.Kind).GroupKind()
}

// replicas returns what the HPA controller knows about replicas. Its status has 0 for what it has never known:
// current replicas before it has read the target, and desired replicas before it has read a metric.
func replicas(status autoscalingv2.HorizontalPodAutoscalerStatus) (current, desired *int32) {
	condition := func(name autoscalingv2.HorizontalPodAutoscalerConditionType) autoscalingv2.HorizontalPodAutoscalerCondition {
		i := slices.IndexFunc(status.Conditions, func(c autoscalingv2.HorizontalPodAutoscalerCondition) bool { return c.Type == name })
		if i < 0 {
			return autoscalingv2.HorizontalPodAutoscalerCondition{}
		}
		return status.Conditions[i]
	}
	able, active := condition(autoscalingv2.AbleToScale), condition(autoscalingv2.ScalingActive)
	if status.CurrentReplicas > 0 || able.Status == corev1.ConditionTrue {
		current = &status.CurrentReplicas
	}
	if status.DesiredReplicas > 0 || active.Status == corev1.ConditionTrue || active.Reason == "ScalingDisabled" {
		desired = &status.DesiredReplicas
	}
	return current, desired
}
