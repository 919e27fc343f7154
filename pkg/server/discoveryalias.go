package server

import (
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// ownResources lists the metrics, each also under its alias, which has no slash:
// requests-per-second.redises.redis-metrics.dev.
func ownResources(infos []provider.CustomMetricInfo) []metav1.APIResource {
	var aliases, metrics []metav1.APIResource
	for _, info := range infos {
		described := info.GroupResource.String()
		aliases = append(aliases, metav1.APIResource{Name: info.Metric + "." + described, Namespaced: true})
		metrics = append(metrics, metav1.APIResource{Name: described + "/" + info.Metric, Namespaced: true})
	}
	return append(aliases, metrics...)
}

// withMetricAlias answers namespaces/{namespace}/{metric}.{resource}/{name} like
// namespaces/{namespace}/{resource}/{name}/{metric}. It comes before anything reads the
// path, so the metric is authorized under its one name.
func withMetricAlias(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path, ok := unaliased(r.URL.Path); ok {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = path, ""
		}
		next.ServeHTTP(w, r)
	})
}

// unaliased returns the path for which an alias stands, and reports false for any other path.
func unaliased(path string) (string, bool) {
	const suffix = ".redises.redis-metrics.dev"
	// "", apis, group, version, namespaces, namespace, alias, name
	parts := strings.Split(path, "/")
	if len(parts) != 8 || parts[1] != "apis" || parts[2] != custom_metrics.GroupName || parts[4] != "namespaces" {
		return "", false
	}
	metric, ok := strings.CutSuffix(parts[6], suffix)
	if !ok || metric == "" {
		return "", false
	}
	return strings.Join(append(parts[:6], suffix[1:], parts[7], metric), "/"), true
}
