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
	// listBytes bounds a list of values. It admits 30,000 values without a selector.
	listBytes = 16 << 20
	// valueBytes is about the length of a value as JSON, without its selector and with
	// names of usual length.
	valueBytes = 512
)

// boundedLists refuses lists that would be too long. Each value of a list repeats the
// selector of the request.
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

// withPlainLists sends lists uncompressed even to clients that accept compression. For
// thousands of values, compression takes both sides longer than the transfer within a
// cluster (BenchmarkSelector).
func withPlainLists(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/*/") {
			r = r.Clone(r.Context())
			r.Header.Del("Accept-Encoding")
		}
		next.ServeHTTP(w, r)
	})
}
