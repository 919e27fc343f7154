package status

import (
	"errors"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// The reasons of conditions Ready and Reachable, besides those of failed attempts.
const (
	reasonSampled     = "Sampled"
	reasonAnswered    = "Answered"
	reasonNotSampled  = "NotSampled"
	reasonWarmingUp   = "WarmingUp"
	reasonSlowAnswers = "SlowAnswers"
	reasonStale       = "Stale"
	reasonFailed      = "SamplingFailed"
	reasonForeign     = "APIServiceForeign"
)

const notSampledYet = "No attempt to sample the server has ended yet."

// readiness says whether metrics are served.
func readiness(h *history.History, failed *reason.Error, hint string, foreign []string, now time.Time) verdict {
	_, err := h.Span(now)
	switch {
	case err == nil && len(foreign) > 0:
		return verdict{metav1.ConditionFalse, reasonForeign,
			"Redis is sampled, but the API server sends requests for metrics to another Service: see spec.service of the APIService " +
				strings.Join(foreign, " and ") + ". Only one adapter can serve an API version: remove one of the two."}
	case err == nil && hint != "":
		return verdict{metav1.ConditionTrue, reasonSampled, "Metrics are served. " + hint}
	case err == nil:
		return verdict{metav1.ConditionTrue, reasonSampled, "Metrics are served."}
	}
	var why history.Reason
	if unknown, ok := errors.AsType[*history.UnknownError](err); ok {
		why = unknown.Reason
	}
	newest, sampled := h.Newest()
	switch {
	case why == history.ImpreciseTiming:
		return verdict{metav1.ConditionUnknown, reasonSlowAnswers,
			"Rates such as requests-per-second are not served: the server answers too slowly. " +
				"Check for slow commands, or raise spec.sampling.interval and spec.sampling.window."}
	case why == history.Anonymous:
		if f := failureOf(newest.Counted()[0].Err); f != nil {
			return verdict{metav1.ConditionFalse, string(f.Reason), explain("Only metrics in spec.metrics that do not need INFO are served", f)}
		}
		return verdict{metav1.ConditionFalse, string(history.Anonymous), "Gauges are served, but rates such as requests-per-second are not: " + err.Error() + "."}
	case why == history.OneSample:
		return verdict{metav1.ConditionUnknown, reasonWarmingUp,
			"Rates such as requests-per-second need two samples of the same server process; there is one so far. " +
				"If this lasts longer than two intervals, check whether the server keeps restarting or failing over."}
	case failed != nil:
		return verdict{metav1.ConditionFalse, string(failed.Reason), explain("Metrics are not served", failed)}
	case !sampled:
		return verdict{metav1.ConditionUnknown, reasonNotSampled, notSampledYet}
	}
	return verdict{metav1.ConditionFalse, reasonStale,
		"Metrics are not served: the newest sample is older than spec.sampling.maxAge, and the next is late. " +
			"Raise maxAge, or check whether the adapter lacks CPU."}
}
