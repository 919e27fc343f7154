package doctor

import (
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
)

// proposal says how many replicas the HPA controller computes from a value of this metric alone, before it applies
// behavior.
func (q question) proposal(value resource.Quantity) string {
	const unable = "The HPA cannot compute replicas from it."
	object, current := q.hpa.DeepCopy(), q.hpa.Status.CurrentReplicas
	object.Spec.Metrics = []autoscalingv2.MetricSpec{object.Spec.Metrics[q.index]}
	autoscaler, err := hpa.New(hpa.DefaultController(), object)
	if err != nil {
		return unable
	}
	decision := autoscaler.Sync(hpa.Observation{
		Time: time.Now(), Replicas: current, StatusReplicas: current, Pods: current, ReadyPods: current,
		Values: []hpa.Value{{Milli: value.MilliValue()}},
	})
	if !decision.Recommended {
		return unable
	}
	wanted := decision.Proposals[0].Replicas
	if wanted == current {
		return fmt.Sprintf("That is within tolerance of the target: the HPA holds %d replicas.", current)
	}
	bounded := min(max(wanted, ptr.Deref(object.Spec.MinReplicas, 1)), object.Spec.MaxReplicas)
	return fmt.Sprintf("That proposes %d replicas, %d within minReplicas and maxReplicas; there are %d.", wanted, bounded, current)
}
