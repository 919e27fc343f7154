package server

import (
	"net/http"
	"strings"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/endpoints/discovery/aggregated"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta1"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// listMetrics puts the metrics into the aggregated discovery document, those of a
// delegate after ours, and keeps them current. Priorities order the document as the
// APIServices do.
//
// A metric is a subresource of the resource that it describes, and kubectl
// api-resources leaves subresources out. Therefore each metric is listed a
// second time, as a resource of its own whose name has no slash, and
// withMetricAlias answers under that name.
func listMetrics(manager aggregated.ResourceManager, infos []provider.CustomMetricInfo, other Delegate) {
	list := func() {
		for _, version := range versions() {
			listed := resources(version, infos)
			if other != nil {
				listed = append(listed, delegated(version, other.Resources(version))...)
			}
			manager.AddGroupVersion(custom_metrics.GroupName, apidiscoveryv2.APIVersionDiscovery{
				Version: version, Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent, Resources: listed,
			})
		}
	}
	list()
	for i, version := range versions() {
		manager.SetGroupVersionPriority(metav1.GroupVersion{Group: custom_metrics.GroupName, Version: version}, 100, 100*(i+1))
	}
	if other != nil {
		other.OnListed(list)
	}
}

// versions returns the versions of the API, the preferred one last.
func versions() []string {
	return []string{v1beta1.SchemeGroupVersion.Version, v1beta2.SchemeGroupVersion.Version}
}

func resources(version string, infos []provider.CustomMetricInfo) []apidiscoveryv2.APIResourceDiscovery {
	kind := &metav1.GroupVersionKind{Group: custom_metrics.GroupName, Version: version, Kind: "MetricValueList"}
	resource := func(name string) apidiscoveryv2.APIResourceDiscovery {
		return apidiscoveryv2.APIResourceDiscovery{
			Resource:         name,
			SingularResource: name,
			ResponseKind:     kind,
			Scope:            apidiscoveryv2.ScopeNamespace,
			Verbs:            []string{"get"},
		}
	}
	var aliases []apidiscoveryv2.APIResourceDiscovery
	described := map[string][]apidiscoveryv2.APISubresourceDiscovery{}
	for _, info := range infos {
		// An alias names a metric without a slash: requests-per-second.redises.redis-metrics.dev.
		aliases = append(aliases, resource(info.Metric+"."+info.GroupResource.String()))
		name := info.GroupResource.String()
		described[name] = append(described[name], apidiscoveryv2.APISubresourceDiscovery{
			Subresource: info.Metric, ResponseKind: kind, Verbs: []string{"get"},
		})
	}
	for name, metrics := range described {
		parent := resource(name)
		parent.Verbs = nil // only the metrics answer, not the resource itself
		parent.Subresources = metrics
		aliases = append(aliases, parent)
	}
	return aliases
}

// withMetricAlias answers namespaces/{namespace}/{metric}.{resource}/{name} as
// it does namespaces/{namespace}/{resource}/{name}/{metric}, before anything
// reads the path: what is authorized is the metric, under its one name.
func withMetricAlias(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path, ok := unaliased(r.URL.Path); ok {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = path, ""
		}
		next.ServeHTTP(w, r)
	})
}

// unaliased returns the path that one under an alias stands for, and false for any other path.
func unaliased(path string) (string, bool) {
	const suffix = ".redises.redis-metrics.dev"
	if !strings.Contains(path, suffix) { // few have it, and to take all others apart would cost each of them
		return "", false
	}
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

// APIServices returns the names of the APIServices by which the aggregator routes to this server.
func APIServices() []string {
	names := versions()
	for i, version := range names {
		names[i] = version + "." + custom_metrics.GroupName
	}
	return names
}
