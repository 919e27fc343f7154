package hpa

import (
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// Condition is a condition of an HPA.
type Condition struct {
	Type   autoscalingv2.HorizontalPodAutoscalerConditionType `json:"type"`
	Status bool                                               `json:"status"`
	Reason string                                             `json:"reason"`
}

// Conditions holds one condition of each type, in the order in which they appeared.
type Conditions []Condition

// Get returns the condition of a type.
func (c Conditions) Get(kind autoscalingv2.HorizontalPodAutoscalerConditionType) (Condition, bool) {
	for _, condition := range c {
		if condition.Type == kind {
			return condition, true
		}
	}
	return Condition{}, false
}

func (c *Conditions) set(kind autoscalingv2.HorizontalPodAutoscalerConditionType, status bool, reason string) {
	condition := Condition{Type: kind, Status: status, Reason: reason}
	for i := range *c {
		if (*c)[i].Type == kind {
			(*c)[i] = condition
			return
		}
	}
	*c = append(*c, condition)
}

func (c Conditions) clone() Conditions { return slices.Clone(c) }
