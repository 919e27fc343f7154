package kubeapi

import (
	"net/url"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// CustomMetrics is the API group that serves metrics.
const CustomMetrics = "custom.metrics.k8s.io"

// Path returns the path of a resource in a namespace, or in all namespaces if it is empty. version is a path such
// as /api/v1 or /apis/apps/v1.
func Path(version, namespace, resource string) string {
	if namespace == "" {
		return version + "/" + resource
	}
	return version + "/namespaces/" + namespace + "/" + resource
}

// Redises returns the path of the Redis objects in a namespace, or in all if it is empty.
func Redises(namespace string) string {
	return Path("/apis/"+v1alpha1.GroupVersion().String(), namespace, v1alpha1.Resource)
}

// HPAs returns the path of the HPAs in a namespace, or in all if it is empty.
func HPAs(namespace string) string {
	return Path("/apis/autoscaling/v2", namespace, "horizontalpodautoscalers")
}

// MetricPath returns the path at which the HPA controller requests a metric of a Redis object. An empty selector
// selects all series.
func MetricPath(namespace, redis, metric, selector string) string {
	at := Path("/apis/"+CustomMetrics+"/v1beta2", namespace, v1alpha1.GroupResource().String()+"/"+redis+"/"+metric)
	if selector == "" {
		return at
	}
	return at + "?metricLabelSelector=" + url.QueryEscape(selector)
}

// Selector returns the selector of an HPA's metric in the form that a request has.
func Selector(selector *metav1.LabelSelector) (string, error) {
	if selector == nil {
		return "", nil
	}
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return "", err
	}
	return parsed.String(), nil
}
