package server

import (
	"context"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// many is a provider of many values under one selector.
type many struct {
	provider.CustomMetricsProvider
	values   int
	selector string
}

func (m many) GetMetricBySelector(context.Context, string, labels.Selector, provider.CustomMetricInfo, labels.Selector) (*custom_metrics.MetricValueList, error) {
	selector, err := metav1.ParseToLabelSelector(m.selector)
	if err != nil {
		return nil, err
	}
	list := &custom_metrics.MetricValueList{Items: make([]custom_metrics.MetricValue, m.values)}
	for i := range list.Items {
		list.Items[i].Metric = custom_metrics.MetricIdentifier{Name: "keys", Selector: selector}
	}
	return list, nil
}

func TestListsAreBounded(t *testing.T) {
	// The longest selector that a request may have.
	longest := "a in (" + strings.Repeat("b,", 1000) + "c)"
	for _, test := range []struct {
		values   int
		selector string
		says     string
	}{
		{0, "", ""},
		{30000, "", ""},
		{20000, "command=get", ""},
		{100, longest, ""},
		{40000, "", "the list of 40000 values has about 19 MiB, at most 16 are sent"},
		{20000, strings.TrimSuffix(strings.Repeat("!a,", selectorTerms), ","), "ask with a shorter metricLabelSelector"},
	} {
		list, err := boundedLists{many{values: test.values, selector: test.selector}}.GetMetricBySelector(t.Context(), "", nil, provider.CustomMetricInfo{}, nil)
		switch {
		case test.says == "" && (err != nil || len(list.Items) != test.values):
			t.Errorf("%d values of %.20q: %v", test.values, test.selector, err)
		case test.says != "" && (!apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), test.says)):
			t.Errorf("%d values of %.20q: %v, want %q", test.values, test.selector, err, test.says)
		}
	}
}
