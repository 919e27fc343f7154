package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/delegate"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/provider"
)

const (
	// pathBytes bounds a request's path. The longest valid path contains names of 63,
	// 253 and 63 bytes.
	pathBytes = 1024
	// headerBytes bounds a request's headers, which include the groups of a user.
	// Requests that wait for a turn keep theirs in memory.
	headerBytes = 128 << 10
	// every represents all namespaces or objects in a path.
	every = "*"
)

// requestCheck refuses requests that can have no answer before they are authenticated
// and authorized: those that are too large, ask for another API, another resource or a
// name that nothing in Kubernetes can have, and selectors that are malformed or too
// long.
type requestCheck struct {
	// delegates means that another server answers for metrics of other resources, and
	// checks their names and selectors.
	delegates bool
}

func (c requestCheck) filter(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.checkRequest(r); err != nil {
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (c requestCheck) checkRequest(r *http.Request) error {
	if size := len(r.URL.Path); size > pathBytes {
		return refusal(http.StatusRequestURITooLong, metav1.StatusReasonUnknown,
			fmt.Sprintf("the path has %d bytes, at most %d are read", size, pathBytes))
	}
	if size := headerSize(r.Header); size > headerBytes {
		return refusal(http.StatusRequestHeaderFieldsTooLarge, metav1.StatusReasonUnknown,
			fmt.Sprintf("the headers have %d bytes, at most %d are read", size, headerBytes))
	}
	if err := c.checkPath(r.Method, r.URL.Path); err != nil {
		return err
	}
	if c.delegated(r.URL.Path) {
		return checkQuerySize(r.URL.RawQuery)
	}
	return checkQuery(r.URL.RawQuery)
}

func headerSize(header http.Header) int {
	size := 0
	for name, values := range header {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	return size
}

// checkPath checks paths of the API, and admits all others.
func (c requestCheck) checkPath(method, path string) error {
	inside, found := strings.CutPrefix(path, "/apis/"+custom_metrics.GroupName)
	if !found || (inside != "" && inside[0] != '/') {
		// Authorization ignores leading slashes of a path.
		path = "/" + strings.TrimLeft(path, "/")
		if strings.HasPrefix(path, "/apis/") || strings.HasPrefix(path, "/api/") {
			return noPath()
		}
		return nil
	}
	version, inside, _ := strings.Cut(strings.Trim(inside, "/"), "/")
	switch {
	case method != http.MethodGet:
		return apierrors.NewMethodNotSupported(schema.GroupResource{Group: custom_metrics.GroupName, Resource: "metrics"}, strings.ToLower(method))
	case version == "":
		return nil
	case !slices.Contains(versions(), version):
		return noPath()
	case c.delegated(path):
		return checkDelegatedPath(path)
	case inside == "":
		return nil
	}
	return checkMetricPath(inside)
}

// delegated reports whether another server answers for a path.
func (c requestCheck) delegated(path string) bool {
	_, inside, ok := versionPath(path)
	return c.delegates && ok && inside != "" && !Owns(resourceOf(inside))
}

// checkMetricPath checks namespaces/NAMESPACE/RESOURCE/NAME/METRIC, or RESOURCE/NAME/METRIC, which the provider refuses
// with advice.
func checkMetricPath(path string) error {
	namespace := every
	if rest, found := strings.CutPrefix(path, "namespaces/"); found {
		var more bool
		if namespace, path, more = strings.Cut(rest, "/"); !more {
			return noPath()
		}
	}
	resource, path, _ := strings.Cut(path, "/")
	name, metric, found := strings.Cut(path, "/")
	switch {
	case !found || strings.Contains(metric, "/"):
		return noPath()
	case resource != v1alpha1.GroupResource().String():
		return provider.UnknownResource(schema.ParseGroupResource(resource))
	case !delegate.IsSegment(metric):
		return invalid("metric name", fmt.Sprintf("use 1 to %d printable ASCII characters", delegate.SegmentBytes))
	}
	if namespace != every {
		if wrong := validation.IsDNS1123Label(namespace); len(wrong) > 0 {
			return invalid("namespace", wrong...)
		}
	}
	if name != every {
		if wrong := validation.IsDNS1123Subdomain(name); len(wrong) > 0 {
			return invalid("object name", wrong...)
		}
	}
	return nil
}

// refuse responds with an error, in the encoding that the client accepts.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	responsewriters.ErrorNegotiated(err, apiserver.Codecs, schema.GroupVersion{}, w, r)
}

func noPath() error {
	return refusal(http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Sprintf(
		"nothing is served here: ask for /apis/%s/v1beta2/namespaces/<namespace>/%s/<name>/<metric>",
		custom_metrics.GroupName, v1alpha1.GroupResource()))
}

func invalid(what string, wrong ...string) error {
	return refusal(http.StatusBadRequest, metav1.StatusReasonBadRequest, "invalid "+what+": "+strings.Join(wrong, "; "))
}

func refusal(code int32, reason metav1.StatusReason, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message,
	}}
}
