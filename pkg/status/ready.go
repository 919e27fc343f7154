package status

import (
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

func readyOf(h *history.History, f *failure, reasonOf func(error) string, now time.Time) verdict {
	_, err := h.Span(now)
	if err == nil {
		return verdict{metav1.ConditionTrue, reasonSampled, "Metrics are served."}
	}
	reason := history.Reason("")
	var unknown *history.UnknownError
	if errors.As(err, &unknown) {
		reason = unknown.Reason
	}
	_, sampled := h.Newest()
	switch {
	case reason == history.ImpreciseTiming:
		return verdict{metav1.ConditionUnknown, reasonSlowAnswers,
			"Rates such as requests-per-second are not served: the server answers too slowly to know over what time its counters grew. " +
				"Check for slow commands, or raise spec.sampling.interval and spec.sampling.window."}
	case reason == history.Anonymous:
		return anonymous(h, err, reasonOf)
	case reason == history.OneSample:
		return verdict{metav1.ConditionUnknown, reasonWarmingUp,
			"Rates such as requests-per-second need two samples of one server process, and there is one so far. " +
				"This passes within two intervals; if it stays, check whether the server keeps restarting or failing over."}
	case f != nil:
		return verdict{metav1.ConditionFalse, f.reason, "Metrics are not served: " + f.message + "." + f.advice}
	case !sampled:
		return verdict{metav1.ConditionUnknown, reasonNotSampled, "No attempt to sample the server has ended yet."}
	}
	return verdict{metav1.ConditionFalse, reasonStale,
		"Metrics are not served: the newest sample is older than spec.sampling.maxAge. " +
			"Attempts come late: raise maxAge, or check whether the adapter lacks CPU."}
}

// anonymous says what a server lacks that does not tell which process it is.
func anonymous(h *history.History, unknown error, reasonOf func(error) string) verdict {
	newest, _ := h.Newest()
	if f := failureOf(newest.Counted()[0].Err, reasonOf); f != nil {
		return verdict{metav1.ConditionFalse, f.reason, "Only what spec.metrics declares beyond INFO is served: " + f.message + "." + f.advice}
	}
	return verdict{metav1.ConditionFalse, string(history.Anonymous), "Gauges are served, and rates such as requests-per-second are not: " + unknown.Error() + "."}
}

func reachableOf(f *failure, attempted bool) verdict {
	switch {
	case f != nil:
		return verdict{metav1.ConditionFalse, f.reason,
			"The last attempt to sample failed: " + f.message + "." + f.advice}
	case attempted:
		return verdict{metav1.ConditionTrue, reasonAnswered, "The last attempt to sample succeeded."}
	}
	return verdict{metav1.ConditionUnknown, reasonNotSampled, "No attempt to sample the server has ended yet."}
}
