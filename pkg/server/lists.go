package server

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	size := len(list.Items) * (valueBytes + selectorSize(list.Items[0].Metric.Selector))
	if size > listBytes {
		return nil, apierrors.NewBadRequest(fmt.Sprintf(
			"the list of %d values has about %d MiB, at most %d are sent: ask with a shorter metricLabelSelector, or for the objects of one namespace or labelSelector",
			len(list.Items), size>>20, listBytes>>20))
	}
	return list, nil
}

// selectorSize returns how long a selector is as JSON.
func selectorSize(selector *metav1.LabelSelector) int {
	if selector == nil {
		return 0
	}
	text, err := json.Marshal(selector)
	if err != nil {
		return listBytes
	}
	return len(text)
}
