package target

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// Fallback says what is served instead of an error while the value of a metric is
// unknown.
type Fallback struct {
	// Type is LastValue or Value.
	Type v1alpha1.FallbackType
	// For is how old the newest sample in a last value may be.
	For time.Duration
	// Value is what a Fallback of type Value serves. It must not be modified.
	Value resource.Quantity
}

// FallbackUse describes a metric with a fallback whose value is unknown.
type FallbackUse struct {
	// Metric is its name, followed by the selector of the request in braces, if any.
	Metric string
	// Fallback is the metric's fallback.
	Fallback Fallback
	// Answers reports whether Fallback serves a value now.
	Answers bool
	// LastKnown is the instant of the newest sample in the last known value, zero if
	// none has been known since sampling of the target began.
	LastKnown time.Time
}

// Until returns until when a last value is served.
func (u FallbackUse) Until() time.Time {
	return u.LastKnown.Add(u.Fallback.For)
}

// FallsBack reports whether any metric has a fallback.
func (t *Target) FallsBack() bool {
	for _, f := range t.Fallbacks {
		if f != nil {
			return true
		}
	}
	return t.Fallback != nil
}

// FallbackOf returns the fallback of a metric, nil if an error is served. A metric that
// is invalid, or waits to be compiled, has none, because it is not an outage that makes
// it unknown.
func (t *Target) FallbackOf(metric string) *Fallback {
	if d, declared := t.Lookup(metric); t.Refused(metric) != "" || declared && d.Pending() {
		return nil
	}
	if f, named := t.Fallbacks[metric]; named {
		return f
	}
	return t.Fallback
}

// fallBack reads spec.fallback, after spec.metrics. An invalid fallback has the effect of type Error.
func (t *Target) fallBack(spec *v1alpha1.Fallback, reserved func(name string) bool) {
	if spec == nil {
		return
	}
	t.Fallback = t.fallback("spec.fallback", spec.Type, spec.For, spec.Value)
	for n, m := range spec.Metrics {
		field := fmt.Sprintf("spec.fallback.metrics[%d]", n)
		if _, declared := t.Lookup(m.Name); !declared && !reserved(m.Name) && t.Refused(m.Name) == "" {
			t.Problems = append(t.Problems, Problem{Sentence: fmt.Sprintf(
				"%s.name: the object has no metric %s: write one that it has, or leave it out", field, m.Name)})
			continue
		}
		if t.Fallbacks == nil {
			t.Fallbacks = map[string]*Fallback{}
		}
		t.Fallbacks[m.Name] = t.fallback(field, m.Type, m.For, m.Value)
	}
}

// fallback returns nil for type Error. It also returns nil, and adds a problem, for what the
// schema should have refused.
func (t *Target) fallback(field string, kind v1alpha1.FallbackType, lasting *metav1.Duration, value *resource.Quantity) *Fallback {
	switch {
	case kind == v1alpha1.FallbackError || kind == "":
		return nil
	case kind == v1alpha1.FallbackLastValue && lasting != nil && lasting.Duration > 0:
		return &Fallback{Type: kind, For: lasting.Duration}
	case kind == v1alpha1.FallbackValue && value != nil && value.Sign() >= 0:
		return &Fallback{Type: kind, Value: value.DeepCopy()}
	}
	t.Problems = append(t.Problems, Problem{Sentence: field + ": this adapter knows the type LastValue with for, and Value with value: is the CustomResourceDefinition the one of this version?"})
	return nil
}
