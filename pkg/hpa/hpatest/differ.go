package hpatest

import (
	"cmp"
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
)

// Differ says in what a decision differs from the controller's: the replicas that
// it set, and the status that it wrote. It returns an empty text if they agree.
func Differ(decision hpa.Decision, replicas int32, status autoscalingv2.HorizontalPodAutoscalerStatus) string {
	if decision.Desired != replicas {
		return fmt.Sprintf("%d replicas, the controller sets %d", decision.Desired, replicas)
	}
	active, _ := decision.Conditions.Get(autoscalingv2.ScalingActive)
	if active.Reason != "FailedGetObjectMetric" && decision.Desired != status.DesiredReplicas {
		return fmt.Sprintf("%d desired replicas, the controller writes %d", decision.Desired, status.DesiredReplicas)
	}
	var written hpa.Conditions
	for _, condition := range status.Conditions {
		written = append(written, hpa.Condition{Type: condition.Type, Status: condition.Status == corev1.ConditionTrue, Reason: condition.Reason})
	}
	byType := func(a, b hpa.Condition) int { return cmp.Compare(a.Type, b.Type) }
	slices.SortFunc(written, byType)
	if computed := slices.SortedFunc(slices.Values(decision.Conditions), byType); !slices.Equal(computed, written) {
		return fmt.Sprintf("conditions %v, the controller writes %v", computed, written)
	}
	return ""
}
