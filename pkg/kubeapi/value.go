package kubeapi

import (
	"cmp"
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
)

// Getter reads what the API server serves.
type Getter interface {
	// Get decodes the response at a path into an object. Its errors are those of the API
	// server.
	Get(ctx context.Context, path string, into any) error
}

// Value returns the value at the path of a metric of one object.
func Value(ctx context.Context, api Getter, at string) (v1beta2.MetricValue, error) {
	var list v1beta2.MetricValueList
	if err := api.Get(ctx, at, &list); err != nil {
		return v1beta2.MetricValue{}, err
	}
	if len(list.Items) != 1 {
		return v1beta2.MetricValue{}, fmt.Errorf("the answer holds %d values, and the HPA expects one", len(list.Items))
	}
	return list.Items[0], nil
}

// Decimal formats a quantity without a suffix, so values and targets are easy to compare.
func Decimal(quantity resource.Quantity) string { return quantity.AsDec().String() }

// LastSeen returns when an Event was last seen. The field that says so depends on who recorded
// it.
func LastSeen(e corev1.Event) time.Time {
	return cmp.Or(e.LastTimestamp, metav1.NewTime(e.EventTime.Time), e.CreationTimestamp).Time
}
