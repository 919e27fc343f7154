package hpa

import (
	"fmt"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Bounds of the API server.
const (
	longestWindow = 3600
	longestPeriod = 1800
)

// New returns an Autoscaler that begins with the conditions of the HPA's status, like a
// controller that has just started. Fields that the spec leaves out have the API
// server's defaults.
func New(controller Controller, hpa *autoscalingv2.HorizontalPodAutoscaler) (*Autoscaler, error) {
	if controller.Minor < Oldest || controller.Minor > Newest {
		return nil, fmt.Errorf("version 1.%d of Kubernetes is not covered: use 1.%d to 1.%d", controller.Minor, Oldest, Newest)
	}
	spec := hpa.Spec
	a := &Autoscaler{
		controller: controller, min: 1, max: spec.MaxReplicas,
		tolerance: tolerance{up: controller.Tolerance, down: controller.Tolerance, distance: controller.Minor < 33},
	}
	if spec.MinReplicas != nil {
		a.min = *spec.MinReplicas
	}
	for _, condition := range hpa.Status.Conditions {
		a.conditions.set(condition.Type, condition.Status == corev1.ConditionTrue, condition.Reason)
	}
	path := field.NewPath("spec")
	problems := a.checkReplicas(path)
	problems = append(problems, a.readMetrics(spec.Metrics, path.Child("metrics"))...)
	problems = append(problems, a.readBehavior(spec.Behavior, path.Child("behavior"))...)
	if len(problems) > 0 {
		return nil, problems.ToAggregate()
	}
	return a, nil
}

func (a *Autoscaler) checkReplicas(path *field.Path) (problems field.ErrorList) {
	switch {
	case a.min < 0:
		problems = append(problems, field.Invalid(path.Child("minReplicas"), a.min, "must be 0 or more"))
	case a.min == 0 && !a.controller.scaleToZero():
		problems = append(problems, field.Invalid(path.Child("minReplicas"), a.min, "must be 1 or more before Kubernetes 1.37"))
	}
	if a.max < max(a.min, 1) {
		problems = append(problems, field.Invalid(path.Child("maxReplicas"), a.max, "must be at least 1, and at least minReplicas"))
	}
	return problems
}

func (a *Autoscaler) readMetrics(specs []autoscalingv2.MetricSpec, path *field.Path) (problems field.ErrorList) {
	if len(specs) == 0 {
		return field.ErrorList{field.Required(path, "name at least one Object metric")}
	}
	for i, spec := range specs {
		path := path.Index(i)
		if spec.Type != autoscalingv2.ObjectMetricSourceType {
			problems = append(problems, field.NotSupported(path.Child("type"), spec.Type, []autoscalingv2.MetricSourceType{autoscalingv2.ObjectMetricSourceType}))
			continue
		}
		if spec.Object == nil {
			problems = append(problems, field.Required(path.Child("object"), ""))
			continue
		}
		metric, err := readTarget(spec.Object.Target, path.Child("object", "target"))
		if err != nil {
			problems = append(problems, err)
			continue
		}
		metric.Name = spec.Object.Metric.Name
		a.metrics = append(a.metrics, metric)
	}
	return problems
}

func readTarget(target autoscalingv2.MetricTarget, path *field.Path) (Metric, *field.Error) {
	var value *resource.Quantity
	switch target.Type {
	case autoscalingv2.ValueMetricType:
		value, path = target.Value, path.Child("value")
	case autoscalingv2.AverageValueMetricType:
		value, path = target.AverageValue, path.Child("averageValue")
	default:
		return Metric{}, field.NotSupported(path.Child("type"), target.Type,
			[]autoscalingv2.MetricTargetType{autoscalingv2.ValueMetricType, autoscalingv2.AverageValueMetricType})
	}
	if value == nil {
		return Metric{}, field.Required(path, "")
	}
	if value.Sign() <= 0 {
		return Metric{}, field.Invalid(path, value.String(), "must be greater than 0")
	}
	return Metric{Target: value.MilliValue(), Average: target.Type == autoscalingv2.AverageValueMetricType}, nil
}

// readBehavior leaves the behavior nil if the spec has none, because the controller
// then limits the rate differently than with default policies.
func (a *Autoscaler) readBehavior(spec *autoscalingv2.HorizontalPodAutoscalerBehavior, path *field.Path) (problems field.ErrorList) {
	if spec == nil {
		return nil
	}
	a.behavior = &behavior{
		up: rules{selected: autoscalingv2.MaxChangePolicySelect, policies: []autoscalingv2.HPAScalingPolicy{
			{Type: autoscalingv2.PodsScalingPolicy, Value: 4, PeriodSeconds: 15},
			{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15},
		}},
		down: rules{
			window:   a.controller.DownscaleStabilization.Truncate(time.Second),
			selected: autoscalingv2.MaxChangePolicySelect,
			policies: []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15}},
		},
	}
	problems = append(problems, a.readRules(spec.ScaleUp, &a.behavior.up, &a.tolerance.up, path.Child("scaleUp"))...)
	return append(problems, a.readRules(spec.ScaleDown, &a.behavior.down, &a.tolerance.down, path.Child("scaleDown"))...)
}

func (a *Autoscaler) readRules(spec *autoscalingv2.HPAScalingRules, rules *rules, tolerance *float64, path *field.Path) (problems field.ErrorList) {
	if spec == nil {
		return nil
	}
	if seconds := spec.StabilizationWindowSeconds; seconds != nil {
		if *seconds < 0 || *seconds > longestWindow {
			problems = append(problems, field.Invalid(path.Child("stabilizationWindowSeconds"), *seconds, fmt.Sprintf("must be 0 to %d", longestWindow)))
		}
		rules.window = time.Duration(*seconds) * time.Second
	}
	if spec.SelectPolicy != nil {
		rules.selected = *spec.SelectPolicy
		known := []autoscalingv2.ScalingPolicySelect{autoscalingv2.MaxChangePolicySelect, autoscalingv2.MinChangePolicySelect, autoscalingv2.DisabledPolicySelect}
		problems = append(problems, oneOf(rules.selected, known, path.Child("selectPolicy"))...)
	}
	if spec.Policies != nil {
		rules.policies = spec.Policies
		problems = append(problems, checkPolicies(spec.Policies, path.Child("policies"))...)
	}
	if spec.Tolerance != nil {
		if spec.Tolerance.Sign() < 0 {
			problems = append(problems, field.Invalid(path.Child("tolerance"), spec.Tolerance.String(), "must be 0 or more"))
		}
		if a.controller.configurableTolerance() {
			*tolerance = spec.Tolerance.AsApproximateFloat64()
		}
	}
	return problems
}

func checkPolicies(policies []autoscalingv2.HPAScalingPolicy, path *field.Path) (problems field.ErrorList) {
	if len(policies) == 0 {
		return field.ErrorList{field.Required(path, "name at least one policy, or omit the field")}
	}
	for i, policy := range policies {
		path := path.Index(i)
		known := []autoscalingv2.HPAScalingPolicyType{autoscalingv2.PodsScalingPolicy, autoscalingv2.PercentScalingPolicy}
		problems = append(problems, oneOf(policy.Type, known, path.Child("type"))...)
		if policy.Value <= 0 {
			problems = append(problems, field.Invalid(path.Child("value"), policy.Value, "must be greater than 0"))
		}
		if policy.PeriodSeconds <= 0 || policy.PeriodSeconds > longestPeriod {
			problems = append(problems, field.Invalid(path.Child("periodSeconds"), policy.PeriodSeconds, fmt.Sprintf("must be 1 to %d", longestPeriod)))
		}
	}
	return problems
}

func oneOf[T ~string](value T, known []T, path *field.Path) field.ErrorList {
	if slices.Contains(known, value) {
		return nil
	}
	return field.ErrorList{field.NotSupported(path, value, known)}
}
