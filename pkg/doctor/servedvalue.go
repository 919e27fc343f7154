package doctor

import (
	"context"
	"fmt"
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
)

// question is a request of an HPA to the metrics API.
type question struct {
	index         int
	redis, metric string
	selector      *metav1.LabelSelector
	// interval is the time between the object's samples, 0 if unknown.
	interval time.Duration
	// hpa is nil if no HPA asks.
	hpa *autoscalingv2.HorizontalPodAutoscaler
}

// patch returns the command that changes fields of the HPA's metric.
func (q question) patch(changes ...change) string { return patchMetric(q.hpa, q.index, changes...) }

func (q question) selectorPatch() string {
	return q.patch(replaceField("metric/selector", metav1.LabelSelector{MatchLabels: map[string]string{"LABEL": "VALUE"}}))
}

// mend returns the command that repairs a value that is not served, or other, which shows
// why.
func (q question) mend(code Code, other string) string {
	switch {
	case code == WarmingUp && q.interval > 0: // the first sample may be an interval away, and the second follows it
		return fmt.Sprintf("sleep %.0f && %s", math.Ceil(2*q.interval.Seconds()), other)
	case code == NoMatchingSeries && q.hpa != nil:
		return q.selectorPatch()
	case code == NoMaxmemory && q.hpa != nil:
		return q.patch(replaceField("metric/name", "used-memory-bytes"), replaceField("target", map[string]string{"type": "AverageValue", "averageValue": "BYTES"}))
	}
	return other
}

// values requests a value like the HPA controller, twice, because replicas of the adapter may have different
// values.
func (d *Doctor) values(ctx context.Context, namespace string, q question) []Check {
	selector, err := kubeapi.Selector(q.selector)
	if err != nil {
		return []Check{HopHPA.failure(NoMatchingSeries, q.selectorPatch(), "The selector of spec.metrics[%d] is invalid: %v.", q.index, err)}
	}
	at := kubeapi.MetricPath(namespace, q.redis, q.metric, selector)
	first, firstErr := kubeapi.Value(ctx, d.api, at)
	_, secondErr := kubeapi.Value(ctx, d.api, at)
	raw := "kubectl get --raw '" + at + "'"
	switch {
	case (firstErr == nil) != (secondErr == nil):
		return []Check{HopValue.warning(ReplicasDisagree, raw, "One request for %s of Redis %s succeeded, and one failed.", q.metric, q.redis)}
	case apierrors.IsForbidden(firstErr):
		user, err := d.api.User(ctx)
		if err != nil {
			user = "USER"
		}
		return []Check{HopValue.unknown(MetricsForbidden, kubectl(namespace, "create rolebinding redis-metrics-view --clusterrole=view --user='%s'", user),
			"You may not read %s of Redis %s.", q.metric, q.redis)}
	case firstErr != nil:
		code := codeOf(firstErr.Error(), troublesOfHPAs(), ValueUnknown)
		return []Check{HopValue.failure(code, q.mend(code, raw), "The metrics API answers: %s.", sentence(firstErr.Error()))}
	}
	window := ""
	if first.WindowSeconds != nil {
		window = fmt.Sprintf(", over %d s", *first.WindowSeconds)
	}
	check := HopValue.ok("%s of Redis %s is %s, sampled %s ago%s.", q.metric, q.redis, kubeapi.Decimal(first.Value), ago(time.Since(first.Timestamp.Time)), window)
	if q.hpa != nil {
		check.Message += " " + q.proposal(first.Value)
	}
	return []Check{check}
}
