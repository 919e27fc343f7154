package doctor

import (
	"context"
	"fmt"
	"net/url"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
)

// question is what an HPA asks of the metrics API.
type question struct {
	index         int
	redis, metric string
	selector      *metav1.LabelSelector
	target        autoscalingv2.MetricTarget
	// hpa is nil where no HPA asks.
	hpa *autoscalingv2.HorizontalPodAutoscaler
}

// patch returns the command that changes a field of the HPA's metric.
func (q question) patch(op, field string, value any) string {
	return patchMetric(q.hpa, q.index, op, field, value)
}

func (q question) selectorPatch() string {
	return q.patch("replace", "metric/selector", metav1.LabelSelector{MatchLabels: map[string]string{"LABEL": "VALUE"}})
}

// path returns where the HPA controller asks.
func (q question) path(namespace string) (string, error) {
	at := path("/apis/"+customMetrics+"/v1beta2", namespace, kindName+"/"+q.redis+"/"+q.metric)
	if q.selector == nil {
		return at, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(q.selector)
	if err != nil {
		return "", err
	}
	return at + "?metricLabelSelector=" + url.QueryEscape(selector.String()), nil
}

// values asks for a value as the HPA controller does, twice: replicas of the adapter may know different ones.
func (d *Doctor) values(ctx context.Context, namespace string, q question) []Check {
	at, err := q.path(namespace)
	if err != nil {
		return []Check{HopHPA.failure(NoMatchingSeries, q.selectorPatch(), "The selector of spec.metrics[%d] is invalid: %v.", q.index, err)}
	}
	first, firstErr := d.value(ctx, at)
	_, secondErr := d.value(ctx, at)
	raw := "kubectl get --raw '" + at + "'"
	switch {
	case (firstErr == nil) != (secondErr == nil):
		return []Check{HopValue.warning(ReplicasDisagree, raw, "One request for %s of Redis %s succeeded, and one failed.", q.metric, q.redis)}
	case apierrors.IsForbidden(firstErr):
		return []Check{HopValue.unknown(MetricsForbidden, kubectl(namespace, "create rolebinding redis-metrics-view --clusterrole=view --user=USER"),
			"You may not read %s of Redis %s.", q.metric, q.redis)}
	case firstErr != nil:
		code := codeOf(firstErr.Error(), troublesOfHPAs(), ValueUnknown)
		if code == NoMatchingSeries && q.hpa != nil {
			raw = q.selectorPatch()
		}
		return []Check{HopValue.failure(code, raw, "The metrics API answers: %s.", sentence(firstErr.Error()))}
	}
	window := ""
	if first.WindowSeconds != nil {
		window = fmt.Sprintf(", over %d s", *first.WindowSeconds)
	}
	check := HopValue.ok("%s of Redis %s is %s, sampled %s ago%s.", q.metric, q.redis, first.Value.String(), ago(time.Since(first.Timestamp.Time)), window)
	if q.hpa != nil {
		check.Message += " " + q.proposal(first.Value)
	}
	return []Check{check}
}

func (d *Doctor) value(ctx context.Context, at string) (v1beta2.MetricValue, error) {
	var list v1beta2.MetricValueList
	if err := d.api.Get(ctx, at, &list); err != nil {
		return v1beta2.MetricValue{}, err
	}
	if len(list.Items) != 1 {
		return v1beta2.MetricValue{}, fmt.Errorf("the answer holds %d values, and the HPA expects one", len(list.Items))
	}
	return list.Items[0], nil
}
