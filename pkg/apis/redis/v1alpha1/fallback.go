package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FallbackType says what is served while the value of a metric is unknown.
//
// +kubebuilder:validation:Enum=Error;LastValue;Value
type FallbackType string

// Types of a fallback.
const (
	// FallbackError serves an error. The HorizontalPodAutoscaler then holds its replicas.
	FallbackError FallbackType = "Error"
	// FallbackLastValue serves the last known value, for a limited time.
	FallbackLastValue FallbackType = "LastValue"
	// FallbackValue serves a fixed value from spec.
	FallbackValue FallbackType = "Value"
)

// Fallback says what is served while values are unknown. type, for and value apply
// to every metric that metrics does not list.
//
// +kubebuilder:validation:XValidation:rule="self.type != 'LastValue' || has(self.__for__)",fieldPath=".for",message="spec.fallback.for is required for type LastValue: write how old a last value may be, for example 10m"
// +kubebuilder:validation:XValidation:rule="self.type == 'LastValue' || !has(self.__for__)",fieldPath=".for",message="spec.fallback.for is for type LastValue: write type: LastValue, or leave for out"
// +kubebuilder:validation:XValidation:rule="self.type != 'Value' || has(self.value)",fieldPath=".value",message="spec.fallback.value is required for type Value: write what is served, for example \"800\""
// +kubebuilder:validation:XValidation:rule="self.type == 'Value' || !has(self.value)",fieldPath=".value",message="spec.fallback.value is for type Value: write type: Value, or leave value out"
type Fallback struct {
	// type is one of
	// Error: serve an error. The HorizontalPodAutoscaler then holds its replicas.
	// LastValue: serve the last known value, with its own timestamp and window, until
	// its sample is older than for, and then an error. A restart of the adapter and an
	// edit of spec discard the last value.
	// Value: serve value.
	// LastValue and Value do not apply to a metric that the object does not have or
	// declares wrongly. Nor do they apply while the adapter takes its first samples of
	// the object (at most window, interval and timeout of spec.sampling together),
	// unless an attempt fails. Condition FallbackInUse says when they apply.
	//
	// +optional
	// +default="Error"
	Type FallbackType `json:"type,omitempty"`

	// for is how old the newest sample of a last value may be, from 1s to 24h. It
	// bridges an outage only if it is longer than spec.sampling.maxAge, because until
	// then the value is known.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')",message="spec.fallback.for must be a duration such as 90s, 10m or 1h30m"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$') || (duration(self) >= duration('1s') && duration(self) <= duration('24h'))",message="spec.fallback.for must be from 1s to 24h"
	For *metav1.Duration `json:"for,omitempty"`

	// value is served in the unit of the metric, for every selector. If it is too
	// small, the HorizontalPodAutoscaler removes replicas while nobody knows the load.
	// If it is 0, it removes all but minReplicas.
	//
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="isQuantity(string(self))",message="spec.fallback.value must be a quantity such as \"800\", \"1500m\" or \"2k\""
	// +kubebuilder:validation:XValidation:rule="!isQuantity(string(self)) || (quantity(string(self)).compareTo(quantity('0')) >= 0 && quantity(string(self)).compareTo(quantity('9223372036854774')) <= 0)",message="spec.fallback.value must be from 0 to 9223372036854774"
	Value *resource.Quantity `json:"value,omitempty"`

	// metrics are fallbacks of single metrics, built in or declared in spec.metrics.
	// Condition MetricsValid names metrics listed here that the object does not have.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=50
	Metrics []MetricFallback `json:"metrics,omitempty"`
}

// MetricFallback says what is served of one metric while its value is unknown.
//
// +kubebuilder:validation:XValidation:rule="self.type != 'LastValue' || has(self.__for__)",fieldPath=".for",message="for is required for type LastValue: write how old a last value may be, for example 10m"
// +kubebuilder:validation:XValidation:rule="self.type == 'LastValue' || !has(self.__for__)",fieldPath=".for",message="for is for type LastValue: write type: LastValue, or leave for out"
// +kubebuilder:validation:XValidation:rule="self.type != 'Value' || has(self.value)",fieldPath=".value",message="value is required for type Value: write what is served, for example \"800\""
// +kubebuilder:validation:XValidation:rule="self.type == 'Value' || !has(self.value)",fieldPath=".value",message="value is for type Value: write type: Value, or leave value out"
type MetricFallback struct {
	// name is the name of a metric of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// type is Error, LastValue or Value, as in spec.fallback.
	// +required
	Type FallbackType `json:"type"`

	// for is how old the newest sample of a last value may be, from 1s to 24h.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')",message="for must be a duration such as 90s, 10m or 1h30m"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$') || (duration(self) >= duration('1s') && duration(self) <= duration('24h'))",message="for must be from 1s to 24h"
	For *metav1.Duration `json:"for,omitempty"`

	// value is served in the unit of the metric, for every selector.
	//
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="isQuantity(string(self))",message="value must be a quantity such as \"800\", \"1500m\" or \"2k\""
	// +kubebuilder:validation:XValidation:rule="!isQuantity(string(self)) || (quantity(string(self)).compareTo(quantity('0')) >= 0 && quantity(string(self)).compareTo(quantity('9223372036854774')) <= 0)",message="value must be from 0 to 9223372036854774"
	Value *resource.Quantity `json:"value,omitempty"`
}
