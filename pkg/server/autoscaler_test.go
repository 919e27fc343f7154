package server

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// one is a provider of one value.
type one struct {
	provider.CustomMetricsProvider
	value custom_metrics.MetricValue
}

func (o *one) GetMetricByName(context.Context, types.NamespacedName, provider.CustomMetricInfo, labels.Selector) (*custom_metrics.MetricValue, error) {
	return &o.value, nil
}

func TestOnlyTheAutoscalersQuestionsAreTold(t *testing.T) {
	for user, told := range map[string]bool{
		"system:serviceaccount:kube-system:horizontal-pod-autoscaler": true,
		"system:kube-controller-manager":                              true,
		"system:serviceaccount:shop:horizontal-pod-autoscaler":        false,
		"jane": false,
		"":     false,
	} {
		var heard []types.NamespacedName
		answers := &one{}
		a := attentive{answers, func(object types.NamespacedName) { heard = append(heard, object) }}
		name := types.NamespacedName{Namespace: "shop", Name: "cart"}
		value, err := a.GetMetricByName(asked(t.Context(), user, true).Context(), name, provider.CustomMetricInfo{}, nil)
		if err != nil || value != &answers.value {
			t.Errorf("%q is answered %v, %v", user, value, err)
		}
		if got := len(heard) == 1 && heard[0] == name; got != told || len(heard) > 1 {
			t.Errorf("%q asks, and %v is told of", user, heard)
		}
	}
}
