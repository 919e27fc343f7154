package server

import (
	"strings"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/endpoints/discovery/aggregated"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta1"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// listMetrics adds the metrics to the aggregated discovery document, followed by those
// of a delegate, and keeps them current. Priorities order the document like the
// APIServices.
//
// A metric is a subresource of the resource that it describes, and kubectl
// api-resources leaves out subresources. So each metric is also listed as a separate
// resource whose name has no slash, and withMetricAlias answers under that name.
func listMetrics(manager aggregated.ResourceManager, infos []provider.CustomMetricInfo, other Delegate) {
	list := func() {
		for _, version := range versions() {
			resources := ownResources(infos)
			if other != nil {
				resources = append(resources, other.Resources(version)...)
			}
			manager.AddGroupVersion(custom_metrics.GroupName, apidiscoveryv2.APIVersionDiscovery{
				Version: version, Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent, Resources: discovered(version, resources),
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

// discovered describes resources, each with its metrics. A resource has the verb get,
// although it does not answer it, because kubectl api-resources leaves out what has no
// verb. Redis objects have none: their metrics are listed by their aliases.
func discovered(version string, resources []metav1.APIResource) []apidiscoveryv2.APIResourceDiscovery {
	kind := &metav1.GroupVersionKind{Group: custom_metrics.GroupName, Version: version, Kind: "MetricValueList"}
	var found []apidiscoveryv2.APIResourceDiscovery
	for _, resource := range resources { // those of one name stand together
		name, metric, isMetric := strings.Cut(resource.Name, "/")
		if last := len(found) - 1; last < 0 || found[last].Resource != name {
			scope := apidiscoveryv2.ScopeCluster
			if resource.Namespaced {
				scope = apidiscoveryv2.ScopeNamespace
			}
			found = append(found, apidiscoveryv2.APIResourceDiscovery{
				Resource: name, SingularResource: name, ResponseKind: kind, Scope: scope, Verbs: []string{"get"},
			})
		}
		if !isMetric {
			continue
		}
		parent := &found[len(found)-1]
		if Owns(name) {
			parent.Verbs = nil
		}
		parent.Subresources = append(parent.Subresources, apidiscoveryv2.APISubresourceDiscovery{
			Subresource: metric, ResponseKind: kind, Verbs: []string{"get"},
		})
	}
	return found
}

// APIServices returns the names of the APIServices through which the aggregator reaches this
// server.
func APIServices() []string {
	names := versions()
	for i, version := range names {
		names[i] = version + "." + custom_metrics.GroupName
	}
	return names
}
