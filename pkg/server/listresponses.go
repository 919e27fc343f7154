package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

const (
	// listBytes bounds a list of values: 30,000 with no selector are sent.
	listBytes = 16 << 20
	// valueBytes is about what a value takes as JSON without its selector, with
	// names of usual length.
	valueBytes = 512
)

// boundedLists refuses lists that would be too long. The values of a list repeat
// the selector that they were asked by, each of them.
type boundedLists struct{ provider.CustomMetricsProvider }

// GetMetricBySelector returns the values of a metric of many objects.
func (b boundedLists) GetMetricBySelector(ctx context.Context, namespace string, selector labels.Selector, info provider.CustomMetricInfo, metricSelector labels.Selector) (*custom_metrics.MetricValueList, error) {
	list, err := b.CustomMetricsProvider.GetMetricBySelector(ctx, namespace, selector, info, metricSelector)
	if err != nil || len(list.Items) == 0 {
		return list, err
	}
	size := valueBytes
	if selector := list.Items[0].Metric.Selector; selector != nil {
		size += jsonSize(selector)
	}
	if size *= len(list.Items); size > listBytes {
		return nil, apierrors.NewBadRequest(fmt.Sprintf(
			"the list of %d values has about %d MiB, at most %d are sent: ask with a shorter metricLabelSelector, or for the objects of one namespace or labelSelector",
			len(list.Items), size>>20, listBytes>>20))
	}
	return list, nil
}

// withPlainLists sends the values of all objects as they are, though the client takes
// them compressed: for thousands of values both sides take longer to compress and read
// them than the network of a cluster to carry them (BenchmarkSelector).
func withPlainLists(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/*/") {
			r = r.Clone(r.Context())
			r.Header.Del("Accept-Encoding")
		}
		next.ServeHTTP(w, r)
	})
}
