package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Sampling says how often Redis is sampled, and how long samples are used.
//
// +kubebuilder:validation:XValidation:rule="[self.interval].exists(d, !d.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')) || (duration(self.interval) >= duration('1s') && duration(self.interval) <= duration('5m'))",fieldPath=".interval",message="spec.sampling.interval must be from 1s to 5m"
// +kubebuilder:validation:XValidation:rule="[self.timeout].exists(d, !d.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')) || duration(self.timeout) >= duration('10ms')",fieldPath=".timeout",message="spec.sampling.timeout must be at least 10ms"
// +kubebuilder:validation:XValidation:rule="[self.interval, self.timeout].exists(d, !d.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')) || duration(self.timeout) < duration(self.interval)",fieldPath=".timeout",message="spec.sampling.timeout must be shorter than spec.sampling.interval"
// +kubebuilder:validation:XValidation:rule="[self.interval, self.window].exists(d, !d.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')) || duration(self.window) >= duration(self.interval) + duration(self.interval)",fieldPath=".window",message="spec.sampling.window must be at least twice spec.sampling.interval"
// +kubebuilder:validation:XValidation:rule="[self.window].exists(d, !d.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')) || duration(self.window) <= duration('1h')",fieldPath=".window",message="spec.sampling.window must be at most 1h"
// +kubebuilder:validation:XValidation:rule="[self.interval, self.window].exists(d, !d.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')) || duration(self.window).getMilliseconds() <= 60 * duration(self.interval).getMilliseconds()",fieldPath=".window",message="spec.sampling.window must be at most 60 times spec.sampling.interval"
// +kubebuilder:validation:XValidation:rule="[self.interval, self.maxAge].exists(d, !d.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')) || duration(self.maxAge) >= duration(self.interval)",fieldPath=".maxAge",message="spec.sampling.maxAge must not be shorter than spec.sampling.interval"
// +kubebuilder:validation:XValidation:rule="[self.maxAge].exists(d, !d.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')) || duration(self.maxAge) <= duration('1h')",fieldPath=".maxAge",message="spec.sampling.maxAge must be at most 1h"
type Sampling struct {
	// interval is the time between samples, from 1s to 5m.
	//
	// +optional
	// +default="5s"
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')",message="spec.sampling.interval must be a duration such as 500ms, 5s or 1m30s"
	Interval metav1.Duration `json:"interval,omitzero"`

	// timeout bounds one sample, from dialing to the last byte of the reply. It must
	// be at least 10ms and shorter than interval.
	//
	// +optional
	// +default="1s"
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')",message="spec.sampling.timeout must be a duration such as 500ms, 5s or 1m30s"
	Timeout metav1.Duration `json:"timeout,omitzero"`

	// window is the time over which a rate is taken: from twice interval to 60 times
	// interval, and at most 1h. The default is the period of the
	// HorizontalPodAutoscaler, so each request to Redis counts in one decision.
	//
	// +optional
	// +default="15s"
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')",message="spec.sampling.window must be a duration such as 500ms, 5s or 1m30s"
	Window metav1.Duration `json:"window,omitzero"`

	// maxAge is how old a sample may be, from interval to 1h. When the newest sample
	// is older, the metrics API returns an error, and the HorizontalPodAutoscaler
	// holds its replicas.
	//
	// +optional
	// +default="15s"
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$')",message="spec.sampling.maxAge must be a duration such as 500ms, 5s or 1m30s"
	MaxAge metav1.Duration `json:"maxAge,omitzero"`
}
