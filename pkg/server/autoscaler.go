package server

import (
	"context"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// ofAutoscaler tells whether a request is of the HorizontalPodAutoscaler's controller: of the user that it
// asks as with credentials of its own, as kubeadm and others set it up, or of the one without.
func ofAutoscaler(ctx context.Context) bool {
	user, ok := request.UserFrom(ctx)
	if !ok {
		return false
	}
	name := user.GetName()
	return name == "system:serviceaccount:kube-system:horizontal-pod-autoscaler" || name == "system:kube-controller-manager"
}

// attentive is a provider that tells when the HorizontalPodAutoscaler's controller asks for a metric of an object.
type attentive struct {
	provider.CustomMetricsProvider
	asked func(object types.NamespacedName)
}

// GetMetricByName returns the value of a metric of one object.
func (a attentive) GetMetricByName(ctx context.Context, name types.NamespacedName, info provider.CustomMetricInfo, selector labels.Selector) (*custom_metrics.MetricValue, error) {
	if ofAutoscaler(ctx) {
		a.asked(name)
	}
	return a.CustomMetricsProvider.GetMetricByName(ctx, name, info, selector)
}
