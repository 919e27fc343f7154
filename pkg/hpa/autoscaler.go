package hpa

import (
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// Oldest and Newest are the minor versions of Kubernetes that the package covers.
const (
	Oldest = 30
	Newest = 37
)

// Controller holds the settings of kube-controller-manager on which decisions depend.
type Controller struct {
	// Minor is the minor version of Kubernetes, 37 for 1.37. Feature gates have
	// their defaults.
	Minor int
	// Tolerance is --horizontal-pod-autoscaler-tolerance.
	Tolerance float64
	// DownscaleStabilization is --horizontal-pod-autoscaler-downscale-stabilization.
	DownscaleStabilization time.Duration
}

// DefaultController returns the settings of a controller without flags.
func DefaultController() Controller {
	return Controller{Minor: Newest, Tolerance: 0.1, DownscaleStabilization: 5 * time.Minute}
}

// configurableTolerance reports whether the tolerances of an HPA's behavior count.
func (c Controller) configurableTolerance() bool { return c.Minor >= 35 }

// scaleToZero reports whether minReplicas may be 0.
func (c Controller) scaleToZero() bool { return c.Minor >= 37 }

// Observation is what the controller reads in one sync.
type Observation struct {
	Time time.Time
	// Replicas is spec.replicas of the scale, StatusReplicas its status.replicas.
	Replicas, StatusReplicas int32
	// Pods is how many pods the selector of the scale selects, ReadyPods how many
	// of them are ready.
	Pods, ReadyPods int32
	// Values holds the value of each metric, in the order of spec.metrics.
	Values []Value
}

// Value is the value of a metric, or unknown.
type Value struct {
	// Milli is the value in thousandths, as the controller reads it.
	Milli int64
	// Unknown means that the metrics API answered with an error.
	Unknown bool
}

// Decision is what the controller makes of an observation.
type Decision struct {
	// Desired is spec.replicas of the scale after the sync.
	Desired int32
	// Proposals holds what each metric asks for, in the order of spec.metrics. It is
	// empty if the controller did not read the metrics.
	Proposals []Proposal
	// Recommendation is what the metrics together ask for, and Stabilized what the
	// stabilization windows make of it. Both are 0 unless Recommended.
	Recommendation, Stabilized int32
	// Recommended reports whether the metrics led to a recommendation.
	Recommended bool
	// Conditions are the conditions of the HPA after the sync.
	Conditions Conditions
}

// Proposal is the number of replicas that one metric asks for.
type Proposal struct {
	Replicas int32
	// Unknown means that the metric asks for nothing, because its value is unknown or
	// there are no pods.
	Unknown bool
}

// Autoscaler simulates one HPA.
type Autoscaler struct {
	controller      Controller
	min, max        int32
	metrics         []Metric
	tolerance       tolerance
	behavior        *behavior // nil if the spec has none
	recommendations []recommendation
	ups, downs      events
	conditions      Conditions
}

// Metrics returns the metrics, in the order of spec.metrics.
func (a *Autoscaler) Metrics() []Metric { return slices.Clone(a.metrics) }

// Sync returns the decision on an observation. Pass observations in the order of their
// time, each with one value for each metric.
func (a *Autoscaler) Sync(o Observation) Decision {
	a.conditions.set(autoscalingv2.AbleToScale, true, "SucceededGetScale")
	if a.recommendations == nil {
		a.recommend(o.Replicas, o.Time)
	}
	decision := Decision{Desired: o.Replicas}
	switch {
	case o.Replicas == 0 && !a.scaledToZero():
		a.conditions.set(autoscalingv2.ScalingActive, false, "ScalingDisabled")
	case o.Replicas > a.max:
		decision.Desired = a.max
	case o.Replicas > 0 && o.Replicas < a.min:
		decision.Desired = a.min
	default:
		a.decide(o, &decision)
	}
	if decision.Desired != o.Replicas {
		a.rescaled(o, decision.Desired)
	}
	decision.Conditions = a.conditions.clone()
	return decision
}

// decide makes the decision from the metrics.
func (a *Autoscaler) decide(o Observation, decision *Decision) {
	decision.Recommendation, decision.Recommended = a.evaluate(o, decision)
	if !decision.Recommended {
		a.conditions.set(autoscalingv2.ScalingActive, false, "FailedGetObjectMetric")
		return
	}
	a.conditions.set(autoscalingv2.ScalingActive, true, "ValidMetricFound")
	decision.Stabilized = a.stabilize(o, decision.Recommendation)
	desired, reason := a.limit(o, decision.Stabilized)
	a.conditions.set(autoscalingv2.ScalingLimited, desired != decision.Stabilized, reason)
	if o.Replicas == 0 {
		desired = max(desired, a.min)
	}
	decision.Desired = desired
}

// rescaled records that the controller has changed the scale.
func (a *Autoscaler) rescaled(o Observation, desired int32) {
	a.conditions.set(autoscalingv2.AbleToScale, true, "SucceededRescale")
	if a.behavior != nil {
		if desired > o.Replicas {
			a.ups.add(desired-o.Replicas, o.Time, a.behavior.up.longestPeriod())
		} else {
			a.downs.add(o.Replicas-desired, o.Time, a.behavior.down.longestPeriod())
		}
	}
	if !a.controller.scaleToZero() {
		return
	}
	if desired == 0 && a.min == 0 {
		a.conditions.set(autoscalingv2.ScaledToZero, true, "ScaledToZero")
	} else {
		a.conditions.set(autoscalingv2.ScaledToZero, false, "NotScaledToZero")
	}
}

// scaledToZero reports whether the controller itself scaled to zero. Only then do
// metrics scale up again; the controller leaves alone what somebody else scaled to
// zero.
func (a *Autoscaler) scaledToZero() bool {
	condition, found := a.conditions.Get(autoscalingv2.ScaledToZero)
	return found && condition.Status
}
