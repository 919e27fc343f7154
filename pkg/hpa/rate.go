package hpa

import (
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// behavior is spec.behavior with its defaults.
type behavior struct {
	up, down rules
}

// rules are scaleUp or scaleDown.
type rules struct {
	window   time.Duration
	selected autoscalingv2.ScalingPolicySelect
	policies []autoscalingv2.HPAScalingPolicy
}

func (r rules) longestPeriod() time.Duration {
	var longest time.Duration
	for _, policy := range r.policies {
		longest = max(longest, period(policy))
	}
	return longest
}

func period(policy autoscalingv2.HPAScalingPolicy) time.Duration {
	return time.Duration(policy.PeriodSeconds) * time.Second
}

// event is a change of replicas that the controller made.
type event struct {
	change int32
	at     time.Time
}

type events []event

// add remembers a change. It replaces an event that is older than each policy of its
// own direction. That event may still have counted for the other direction, so the
// slots are kept like those of the controller.
func (e *events) add(change int32, at time.Time, longestPeriod time.Duration) {
	added := event{change, at}
	for i := len(*e) - 1; i >= 0; i-- {
		if (*e)[i].at.Before(at.Add(-longestPeriod)) {
			(*e)[i] = added
			return
		}
	}
	*e = append(*e, added)
}

// within returns by how many replicas the scale changed in the period.
func (e events) within(period time.Duration, now time.Time) int32 {
	var sum int32
	for _, event := range e {
		if event.at.After(now.Add(-period)) {
			sum += event.change
		}
	}
	return sum
}

// limit bounds a stabilized recommendation by minReplicas, maxReplicas and the
// rate of change, and says why.
func (a *Autoscaler) limit(o Observation, stabilized int32) (desired int32, reason string) {
	if a.behavior == nil {
		return a.limitByDefault(o, stabilized)
	}
	switch {
	case stabilized > o.Replicas:
		highest, reason := a.max, "TooManyReplicas"
		if rate := max(a.highestByPolicies(o), o.Replicas); rate < highest {
			highest, reason = rate, "ScaleUpLimit"
		}
		if stabilized > highest {
			return highest, reason
		}
	case stabilized < o.Replicas:
		lowest, reason := a.min, "TooFewReplicas"
		if rate := min(a.lowestByPolicies(o), o.Replicas); rate > lowest {
			lowest, reason = rate, "ScaleDownLimit"
		}
		if stabilized < lowest {
			return lowest, reason
		}
	}
	return stabilized, "DesiredWithinRange"
}

// limitByDefault applies without behavior: up to twice the replicas or to 4 at once,
// down without a limit.
func (a *Autoscaler) limitByDefault(o Observation, stabilized int32) (desired int32, reason string) {
	highest, reason := a.max, "TooManyReplicas"
	if rate := int32(math.Max(2*float64(o.Replicas), 4)); rate < highest {
		highest, reason = rate, "ScaleUpLimit"
	}
	switch {
	case stabilized < a.min:
		return a.min, "TooFewReplicas"
	case stabilized > highest:
		return highest, reason
	}
	return stabilized, "DesiredWithinRange"
}

// highestByPolicies returns how far the policies of scaleUp let the replicas grow.
func (a *Autoscaler) highestByPolicies(o Observation) int32 {
	return a.behavior.up.choose(o.Replicas, func(policy autoscalingv2.HPAScalingPolicy) int32 {
		start := a.startOf(policy, o)
		if policy.Type == autoscalingv2.PodsScalingPolicy {
			return start + policy.Value
		}
		return int32(math.Ceil(float64(start) * (1 + float64(policy.Value)/100)))
	}, 1)
}

// lowestByPolicies returns how far the policies of scaleDown let the replicas shrink.
func (a *Autoscaler) lowestByPolicies(o Observation) int32 {
	return a.behavior.down.choose(o.Replicas, func(policy autoscalingv2.HPAScalingPolicy) int32 {
		start := a.startOf(policy, o)
		if policy.Type == autoscalingv2.PodsScalingPolicy {
			return start - policy.Value
		}
		return int32(float64(start) * (1 - float64(policy.Value)/100))
	}, -1)
}

// startOf returns the replicas at the start of the policy's period.
func (a *Autoscaler) startOf(policy autoscalingv2.HPAScalingPolicy, o Observation) int32 {
	return o.Replicas - a.ups.within(period(policy), o.Time) + a.downs.within(period(policy), o.Time)
}

// choose returns the bound of the policy that selectPolicy selects: with Max the one
// farthest in the direction, which is 1 or -1, with Min the nearest.
func (r rules) choose(replicas int32, bound func(autoscalingv2.HPAScalingPolicy) int32, direction int) int32 {
	if r.selected == autoscalingv2.DisabledPolicySelect {
		return replicas
	}
	farthest := r.selected != autoscalingv2.MinChangePolicySelect
	highest := farthest == (direction > 0)
	chosen := bound(r.policies[0])
	for _, policy := range r.policies[1:] {
		if highest {
			chosen = max(chosen, bound(policy))
		} else {
			chosen = min(chosen, bound(policy))
		}
	}
	return chosen
}
