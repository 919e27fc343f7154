package server

import (
	"net/http"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/discovery"
	"k8s.io/apiserver/pkg/endpoints/handlers/negotiation"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/delegate"
)

// Delegate is another adapter, which answers for metrics of all other resources.
type Delegate interface {
	// ServeHTTP answers a request for a metric.
	http.Handler
	// Resources returns the metrics that are listed for a version.
	Resources(version string) []metav1.APIResource
	// OnListed calls a function now, and whenever what is listed may have changed.
	OnListed(func())
}

// Owns reports whether this server answers for metrics of a resource, possibly with an
// error. It does for the aliases of its metrics.
func Owns(resource string) bool {
	return resource == v1alpha1.GroupName || strings.HasSuffix(resource, "."+v1alpha1.GroupName)
}

// routes sends each request for a metric to the server that answers for it, after
// authentication and authorization.
type routes struct {
	own      http.Handler
	listed   discovery.APIResourceLister // ours
	delegate Delegate
}

// ServeHTTP implements http.Handler.
func (d routes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	version, inside, ok := versionPath(r.URL.Path)
	switch {
	case !ok:
		d.own.ServeHTTP(w, r)
	case inside == "":
		list := &metav1.APIResourceList{
			GroupVersion: schema.GroupVersion{Group: custom_metrics.GroupName, Version: version}.String(),
			APIResources: append(d.listed.ListAPIResources(), d.delegate.Resources(version)...),
		}
		responsewriters.WriteObjectNegotiated(apiserver.Codecs, negotiation.DefaultEndpointRestrictions, schema.GroupVersion{},
			w, r, http.StatusOK, list, false)
	case Owns(resourceOf(inside)):
		d.own.ServeHTTP(w, r)
	case slices.Contains(r.Header.Values("Via"), delegate.Via):
		refuse(w, r, refusal(http.StatusLoopDetected, metav1.StatusReasonUnknown,
			"the server to which redis-metrics-adapter delegates sends requests back to it: look at --delegate-to"))
	default:
		leaveTurn(r.Context())
		d.delegate.ServeHTTP(w, r)
	}
}

// versionPath splits a path of a version of the API.
func versionPath(path string) (version, inside string, ok bool) {
	path, ok = strings.CutPrefix(path, "/apis/"+custom_metrics.GroupName+"/")
	version, inside, _ = strings.Cut(path, "/")
	return version, inside, ok && slices.Contains(versions(), version)
}

// resourceOf returns the resource whose metric is at a path inside a version.
func resourceOf(inside string) string {
	resource, rest, _ := strings.Cut(inside, "/")
	if resource != "namespaces" {
		return resource
	}
	_, rest, _ = strings.Cut(rest, "/")
	resource, _, _ = strings.Cut(rest, "/")
	return resource
}

// checkDelegatedPath refuses each path that two servers might read differently, because
// what is authorized here must be what is answered there. It admits
// RESOURCE/NAME/METRIC, namespaces/NAMESPACE/RESOURCE/NAME/METRIC and
// namespaces/NAMESPACE/metrics/METRIC, without empty parts.
func checkDelegatedPath(path string) error {
	_, inside, _ := versionPath(path)
	parts := strings.Split(inside, "/")
	for _, part := range parts {
		if !delegate.IsSegment(part) {
			return invalid("path", "each part must have 1 to 253 printable ASCII characters")
		}
	}
	switch {
	// Authorization reads watch and proxy as verbs.
	case parts[0] != "namespaces" && parts[0] != "watch" && parts[0] != "proxy" && len(parts) == 3:
		return nil
	case parts[0] == "namespaces" && len(parts) == 4 && parts[2] == "metrics":
		return nil
	// Authorization reads status and finalize as parts of the namespace itself.
	case parts[0] == "namespaces" && len(parts) == 5 && parts[2] != "status" && parts[2] != "finalize":
		return nil
	}
	return noPath()
}
