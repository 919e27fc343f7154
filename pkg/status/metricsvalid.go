package status

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Reasons of condition MetricsValid.
const (
	reasonProbed        = "Probed"
	reasonInvalidMetric = "InvalidMetric"
	reasonNoValue       = "NoValue"
	reasonNotCompiled   = "NotCompiled"
)

// maxMetricSentences and maxMetricSentence bound the message of condition MetricsValid.
const maxMetricSentences, maxMetricSentence = 10, 400

// metricsValid says which metrics and fallbacks of an object are invalid, and which
// metrics had no value in the newest sample.
func metricsValid(t *target.Target, h *history.History, answers Answers) verdict {
	sample, sampled := h.Newest()
	var wrong, failed, uncompiled, pending, waiting []string
	for _, problem := range t.Problems {
		wrong = append(wrong, problem.Sentence)
	}
	for _, d := range t.Declared {
		err := failureIn(t, d, sample, sampled, answers)
		if err == nil {
			continue
		}
		sentence := fmt.Sprintf("spec.metrics[%d] %s has no value: %v", d.Index, d.Name, err)
		switch _, waits := errors.AsType[*history.UnknownError](err); {
		case errors.Is(err, target.ErrNotCompiled):
			uncompiled = append(uncompiled, sentence)
		case catalog.Awaited(err):
			pending = append(pending, sentence)
		case waits:
			waiting = append(waiting, fmt.Sprintf("spec.metrics[%d] %s has no value yet: it needs more samples", d.Index, d.Name))
		default:
			failed = append(failed, sentence)
		}
	}
	switch {
	case len(wrong) > 0:
		return verdict{metav1.ConditionFalse, reasonInvalidMetric, sentences(slices.Concat(wrong, failed, pending))}
	case len(failed) > 0:
		return verdict{metav1.ConditionFalse, reasonNoValue, sentences(slices.Concat(failed, pending))}
	case len(uncompiled) > 0:
		return verdict{metav1.ConditionUnknown, reasonNotCompiled, sentences(uncompiled)}
	case !sampled:
		return verdict{metav1.ConditionUnknown, reasonNotSampled, notSampledYet}
	case len(pending) > 0:
		return verdict{metav1.ConditionUnknown, reasonNotSampled, sentences(pending)}
	case len(waiting) > 0:
		return verdict{metav1.ConditionUnknown, reasonWarmingUp, sentences(waiting)}
	}
	return verdict{metav1.ConditionTrue, reasonProbed, "Each metric in spec.metrics had a value in the newest sample."}
}

// failureIn returns why a declared metric had no value in a sample. An expression is
// computed at the instant of the sample, so age does not make it fail.
func failureIn(t *target.Target, d target.Declared, sample history.Sample, sampled bool, answers Answers) error {
	switch {
	case d.Pending():
		return target.ErrNotCompiled
	case !sampled:
		return nil
	case d.Computed():
		return answers.Unknown(t, d.Name, sample.At)
	case d.Place < len(sample.Probed):
		return sample.Probed[d.Place].Err
	}
	return nil
}

// sentences joins as many sentences as a message may have, and counts the rest.
func sentences(all []string) string {
	const room = len("; and 1000 more.")
	var joined strings.Builder
	for n, one := range all {
		if len(one) > maxMetricSentence {
			one = printable(one, maxMetricSentence) + ellipsis
		}
		if n == maxMetricSentences || n > 0 && joined.Len()+len("; ")+len(one)+room > maxMessage {
			fmt.Fprintf(&joined, "; and %d more", len(all)-n)
			break
		}
		if n > 0 {
			joined.WriteString("; ")
		}
		joined.WriteString(one)
	}
	return joined.String() + "."
}
