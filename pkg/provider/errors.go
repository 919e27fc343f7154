package provider

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Cause is why no value is served. It appears in details.causes of the API error, and
// as a label of the adapter's own metrics.
type Cause string

const (
	// CauseNoResource means that the API describes redises.redis-metrics.dev only.
	CauseNoResource Cause = "UnknownResource"
	// CauseNoMetric means that neither the catalog nor the object has a metric with this name.
	CauseNoMetric Cause = "UnknownMetric"
	// CauseNoObject means that the Redis object does not exist.
	CauseNoObject Cause = "UnknownObject"
	// CauseRootScoped means that an object was named without its namespace.
	CauseRootScoped Cause = "NamespaceRequired"
	// CauseNoSeries means that the metric selector matches no series.
	CauseNoSeries Cause = "NoMatchingSeries"
	// CauseNoValue means that the server's numbers give no value for the metric.
	CauseNoValue Cause = "NoValue"
	// CauseNotCurrent means that objects may have changed since the API server last
	// reported them.
	CauseNotCurrent Cause = "APIServerSilent"
)

// UnknownResource returns an error that says that no metrics of a resource are served.
func UnknownResource(resource schema.GroupResource) error {
	return failure(http.StatusNotFound, metav1.StatusReasonNotFound, CauseNoResource, resource.String(), fmt.Sprintf(
		"no metrics of %s are served here; describedObject must have apiVersion %s and kind %s",
		resource, v1alpha1.GroupVersion(), v1alpha1.Kind))
}

// noMetric returns an error that says that an object has no such metric, or none of
// several objects if t is nil.
func noMetric(info provider.CustomMetricInfo, t *target.Target) error {
	declares := ""
	if t != nil {
		names := make([]string, len(t.Declared))
		for i, d := range t.Declared {
			names[i] = d.Name
		}
		slices.Sort(names)
		declares = "; spec.metrics of " + t.Name + " declares " + cmp.Or(strings.Join(names, ", "), "none")
	}
	return failure(http.StatusNotFound, metav1.StatusReasonNotFound, CauseNoMetric, info.Metric, fmt.Sprintf(
		"metric %q is unknown; kubectl get --raw /apis/custom.metrics.k8s.io/v1beta2 lists the metrics that every object has%s", info.Metric, declares))
}

func noObject(name string) error {
	return failure(http.StatusNotFound, metav1.StatusReasonNotFound, CauseNoObject, name, fmt.Sprintf(
		"%s %q not found", v1alpha1.GroupResource(), name))
}

func rootScoped(info provider.CustomMetricInfo, name string) error {
	return failure(http.StatusBadRequest, metav1.StatusReasonBadRequest, CauseRootScoped, name, fmt.Sprintf(
		"%s are namespaced: ask for namespaces/<namespace>/%s/%s/%s", v1alpha1.GroupResource(), v1alpha1.GroupResource(), name, info.Metric))
}

// notCurrent returns an error that says that objects may have changed since the API
// server last reported them.
func notCurrent(name string, err error) error {
	return failure(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, CauseNotCurrent, name, err.Error())
}

// unknown returns an error that says that a metric of an object has no value now.
func unknown(metric, object string, err error) error {
	cause := CauseNoValue
	if missing, ok := errors.AsType[*history.UnknownError](err); ok {
		cause = Cause(missing.Reason)
	} else if _, ok := errors.AsType[*catalog.NoSeriesError](err); ok {
		cause = CauseNoSeries
	}
	return failure(http.StatusNotFound, metav1.StatusReasonNotFound, cause, object, fmt.Sprintf(
		"%s of %s %q is unknown: %v", metric, v1alpha1.GroupResource(), object, err))
}

// allUnknown returns an error that says that a list would be empty although objects
// match.
func allUnknown(metric string, objects int, last error) error {
	return failure(http.StatusNotFound, metav1.StatusReasonNotFound, causeOf(last), metric, fmt.Sprintf(
		"%s is unknown for all of %d objects; the last: %v", metric, objects, last))
}

func failure(code int32, reason metav1.StatusReason, cause Cause, name, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    code,
		Reason:  reason,
		Message: message,
		Details: &metav1.StatusDetails{
			Name:   name,
			Group:  v1alpha1.GroupName,
			Kind:   v1alpha1.Resource,
			Causes: []metav1.StatusCause{{Type: metav1.CauseType(cause), Message: message}},
		},
	}}
}

// causeOf returns the cause of an error that failure made, empty if it has none.
func causeOf(err error) Cause {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok {
		return ""
	}
	return Cause(status.ErrStatus.Details.Causes[0].Type)
}
