package kubeapi

import (
	"net/url"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// CustomMetrics is the API group that serves metrics.
const CustomMetrics = "custom.metrics.k8s.io"

// Path returns where a resource of a namespace is, or that of all if it is empty. A version is such as /api/v1 or
// /apis/apps/v1.
func Path(version, namespace, resource string) string {
	if namespace == "" {
		return version + "/" + resource
	}
	return version + "/namespaces/" + namespace + "/" + resource
}

// Redises returns where the Redis objects of a namespace are, or those of all if it is empty.
func Redises(namespace string) string {
	return Path("/apis/"+v1alpha1.GroupVersion().String(), namespace, v1alpha1.Resource)
}

// HPAs returns where the HPAs of a namespace are, or those of all if it is empty.
func HPAs(namespace string) string {
	return Path("/apis/autoscaling/v2", namespace, "horizontalpodautoscalers")
}

// MetricPath returns where the HPA controller asks for a metric of a Redis object. An empty selector picks all series.
func MetricPath(namespace, redis, metric, selector string) string {
	at := Path("/apis/"+CustomMetrics+"/v1beta2", namespace, v1alpha1.GroupResource().String()+"/"+redis+"/"+metric)
	if selector == "" {
		return at
	}
	return at + "?metricLabelSelector=" + url.QueryEscape(selector)
}

// Selector writes the selector of an HPA's metric as a request does.
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
