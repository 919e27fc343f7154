package status

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Answers says what the metrics API answers for an object. *provider.Provider implements it.
type Answers interface {
	// Unknown returns why a metric has no value without a fallback at an instant, nil if
	// it has one.
	Unknown(t *target.Target, metric string, at time.Time) error
	// Fallbacks returns the metrics that have a fallback and are unknown, and when that
	// changes without a sample, zero if it does not.
	Fallbacks(t *target.Target, now time.Time) (uses []target.FallbackUse, next time.Time)
}

// The reasons of condition FallbackInUse. While it is True, its reason names the types
// in use.
const (
	reasonNotNeeded   = "NotNeeded"
	reasonExpired     = "Expired"
	reasonNoLastValue = "NoLastValue"
	reasonBothTypes   = "LastValueAndValue"
)

// fallbackInUse decides from the metrics that are unknown and have a fallback.
func fallbackInUse(uses []target.FallbackUse) verdict {
	var reason string
	var served, expired, without []string
	for _, use := range uses {
		switch {
		case use.Answers:
			if reason != "" && reason != string(use.Fallback.Type) {
				reason = reasonBothTypes
			} else {
				reason = string(use.Fallback.Type)
			}
			served = append(served, servedBy(use))
		case use.LastKnown.IsZero():
			without = append(without, use.Metric+" is unknown and has no last value: an error is served")
		default:
			expired = append(expired, fmt.Sprintf("%s is unknown: its last value was served until %s, and an error since", use.Metric, instant(use.Until())))
		}
	}
	rest := slices.Concat(expired, without)
	switch {
	case len(served) > 0:
		return verdict{metav1.ConditionTrue, reason, sentences(append(served, rest...))}
	case len(expired) > 0:
		return verdict{metav1.ConditionFalse, reasonExpired, sentences(rest)}
	case len(without) > 0:
		return verdict{metav1.ConditionFalse, reasonNoLastValue, sentences(rest)}
	}
	return verdict{metav1.ConditionFalse, reasonNotNeeded, "No fallback is in use."}
}

// servedBy says what is served for a metric. The text stays the same while that is so.
func servedBy(use target.FallbackUse) string {
	if use.Fallback.Type == v1alpha1.FallbackLastValue {
		return fmt.Sprintf("%s is unknown: its last value, from %s, is served until %s", use.Metric, instant(use.LastKnown), instant(use.Until()))
	}
	known := "it has not been known since sampling began"
	if !use.LastKnown.IsZero() {
		known = "it was last known at " + instant(use.LastKnown)
	}
	return fmt.Sprintf("%s is unknown: the value %s from spec.fallback is served; %s", use.Metric, use.Fallback.Value.String(), known)
}

func instant(t time.Time) string {
	return t.Round(0).UTC().Format(time.RFC3339)
}
