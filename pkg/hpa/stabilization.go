package hpa

import (
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// recommendation is what the metrics asked for at an instant.
type recommendation struct {
	replicas int32
	at       time.Time
}

func (a *Autoscaler) recommend(replicas int32, at time.Time) {
	a.recommendations = append(a.recommendations, recommendation{replicas, at})
}

// stabilize returns what the stabilization windows make of a recommendation, and
// remembers it.
func (a *Autoscaler) stabilize(o Observation, recommended int32) int32 {
	a.forget(o.Time)
	stabilized, reason := a.highest(o, recommended), "ScaleDownStabilized"
	if a.behavior != nil {
		stabilized, reason = a.confine(o, recommended)
	}
	a.recommend(recommended, o.Time)
	if stabilized == recommended {
		reason = "ReadyForNewScale"
	}
	a.conditions.set(autoscalingv2.AbleToScale, true, reason)
	return stabilized
}

// highest returns the highest recommendation within the controller's window. A
// recommendation exactly as old as the window counts.
func (a *Autoscaler) highest(o Observation, recommended int32) int32 {
	begin := o.Time.Add(-a.controller.DownscaleStabilization)
	for _, earlier := range a.recommendations {
		if !earlier.at.Before(begin) {
			recommended = max(recommended, earlier.replicas)
		}
	}
	return recommended
}

// confine returns the number that is nearest to the current replicas between the lowest
// recommendation within the window of scaleUp and the highest within that of scaleDown.
// A recommendation exactly as old as a window does not count.
func (a *Autoscaler) confine(o Observation, recommended int32) (stabilized int32, reason string) {
	lowest, highest := recommended, recommended
	for _, earlier := range a.recommendations {
		if earlier.at.After(o.Time.Add(-a.behavior.up.window)) {
			lowest = min(lowest, earlier.replicas)
		}
		if earlier.at.After(o.Time.Add(-a.behavior.down.window)) {
			highest = max(highest, earlier.replicas)
		}
	}
	reason = "ScaleDownStabilized"
	if recommended >= o.Replicas {
		reason = "ScaleUpStabilized"
	}
	return min(max(o.Replicas, lowest), highest), reason
}

// forget drops the recommendations that no window reaches.
func (a *Autoscaler) forget(now time.Time) {
	window := a.controller.DownscaleStabilization
	if a.behavior != nil {
		window = max(a.behavior.up.window, a.behavior.down.window)
	}
	a.recommendations = slices.DeleteFunc(a.recommendations, func(r recommendation) bool {
		return r.at.Before(now.Add(-window))
	})
}
