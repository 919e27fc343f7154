package overview

import (
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Overview is what was gathered in one read.
type Overview struct {
	// Time is the end of the read. The age of a value is the time since its timestamp.
	Time time.Time `json:"time"`
	// Objects and HPAs are ordered by namespace and name. HPAs are those that have a metric of a Redis object.
	Objects []Object `json:"objects"`
	HPAs    []HPA    `json:"hpas"`
	// Problems say what could not be read, besides what the fields named Error say.
	Problems []string `json:"problems,omitempty"`
}

// Object is a Redis object.
type Object struct {
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	Created   time.Time `json:"created,omitzero"`
	// Topology is how its nodes are found: Standalone, Sentinel or Cluster.
	Topology string `json:"topology,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	// Ready is the status of its condition Ready: True, False or Unknown. Reason and Message belong to that
	// condition.
	Ready   string `json:"ready"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// HPAs are the names of the HPAs that use it, all in its namespace.
	HPAs []string `json:"hpas,omitempty"`
	// Metrics are all metrics if one object was read, otherwise only requests-per-second.
	Metrics []ObjectMetric `json:"metrics"`
}

// ObjectMetric is a metric of an object, without a selector.
type ObjectMetric struct {
	Name string `json:"name"`
	// Unit is empty for a declared metric.
	Unit string `json:"unit,omitempty"`
	Value
}

// HPA is an HPA that has a metric of a Redis object.
type HPA struct {
	Namespace string                                    `json:"namespace"`
	Name      string                                    `json:"name"`
	Target    autoscalingv2.CrossVersionObjectReference `json:"target"`
	Min       int32                                     `json:"min"`
	Max       int32                                     `json:"max"`
	// Current and Desired are what the HPA controller last wrote, nil while it knows none.
	Current *int32 `json:"current,omitempty"`
	Desired *int32 `json:"desired,omitempty"`
	// Ready is how many replicas of the target are ready, nil if that is unknown. ReadyError then says why.
	Ready      *int32 `json:"ready,omitempty"`
	ReadyError string `json:"readyError,omitempty"`
	// Metrics are its metrics of Redis objects.
	Metrics    []HPAMetric                                      `json:"metrics"`
	Conditions []autoscalingv2.HorizontalPodAutoscalerCondition `json:"conditions,omitempty"`
	// Events are the Events that the API server still has, from the oldest to the
	// newest.
	Events []Event `json:"events,omitempty"`
}

// HPAMetric is a metric of an HPA, of a Redis object in its namespace.
type HPAMetric struct {
	Redis string `json:"redis"`
	Name  string `json:"name"`
	// Selector is in the form that a request has, empty if the HPA has none.
	Selector string `json:"selector,omitempty"`
	// TargetType is Value or AverageValue, and Target its quantity.
	TargetType autoscalingv2.MetricTargetType `json:"targetType"`
	Target     *resource.Quantity             `json:"target,omitempty"`
	Value
}

// Value is what the metrics API serves, or why it serves nothing.
type Value struct {
	// Quantity is nil if the value is unknown. Then Error says why. Exactly one of them
	// is set.
	Quantity *resource.Quantity `json:"value,omitempty"`
	Error    string             `json:"error,omitempty"`
	// Timestamp is the instant of the sample.
	Timestamp time.Time `json:"timestamp,omitzero"`
	// WindowSeconds is the time that a rate covers, 0 for a level.
	WindowSeconds *int64 `json:"windowSeconds,omitempty"`
}

// Event is an Event of an HPA, such as SuccessfulRescale or FailedGetObjectMetric.
type Event struct {
	Time time.Time `json:"time"`
	// Type is Normal or Warning.
	Type    string `json:"type"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Count   int32  `json:"count,omitempty"`
}
