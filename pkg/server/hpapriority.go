package server

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/request"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// autoscalers are the names of the users as which the HorizontalPodAutoscaler controller sends
// requests.
type autoscalers []string

// defaultAutoscalers returns the names of the controller with its own credentials, as kubeadm and others set it
// up (--use-service-account-credentials of kube-controller-manager), and without.
func defaultAutoscalers() autoscalers {
	return autoscalers{"system:serviceaccount:kube-system:horizontal-pod-autoscaler", "system:kube-controller-manager"}
}

// has reports whether a user is the controller.
func (a autoscalers) has(u user.Info) bool { return u != nil && slices.Contains(a, u.GetName()) }

// ask reports whether a request comes from the controller.
func (a autoscalers) ask(ctx context.Context) bool {
	u, ok := request.UserFrom(ctx)
	return ok && a.has(u)
}

// withLane authorizes the controller by a separate authorizer, with its own client and cache. However many
// requests other clients invent, the controller never waits for their SubjectAccessReviews, and they do not evict
// its own from the cache. It fails if the options lead to no API server.
func withLane(others authorizer.Authorizer, options *genericoptions.DelegatingAuthorizationOptions, of autoscalers) (authorizer.Authorizer, error) {
	var own genericapiserver.AuthorizationInfo
	if err := options.ApplyTo(&own); err != nil {
		return nil, fmt.Errorf("configuring authorization of the HorizontalPodAutoscaler: %w", err)
	}
	return authorizer.AuthorizerFunc(func(ctx context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
		if of.has(a.GetUser()) {
			return own.Authorizer.Authorize(ctx, a)
		}
		return others.Authorize(ctx, a)
	}), nil
}

// attentive is a provider that reports when the HorizontalPodAutoscaler controller asks for a metric of an object.
type attentive struct {
	provider.CustomMetricsProvider
	asked       func(object types.NamespacedName)
	autoscalers autoscalers
}

// GetMetricByName returns the value of a metric of one object.
func (a attentive) GetMetricByName(ctx context.Context, name types.NamespacedName, info provider.CustomMetricInfo, selector labels.Selector) (*custom_metrics.MetricValue, error) {
	if a.autoscalers.ask(ctx) {
		a.asked(name)
	}
	return a.CustomMetricsProvider.GetMetricByName(ctx, name, info, selector)
}
