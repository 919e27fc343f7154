package simulation

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
)

// AsIs names the setting that is the HPA itself.
const AsIs = "as is"

// mostSettings is how many results a reader can compare.
const mostSettings = 12

// Fields that can be varied, by the name of their flag.
const (
	Target                 = "target"
	Min                    = "min"
	Max                    = "max"
	ScaleUpStabilization   = "scale-up-stabilization"
	ScaleDownStabilization = "scale-down-stabilization"
	ScaleUpTolerance       = "scale-up-tolerance"
	ScaleDownTolerance     = "scale-down-tolerance"
)

// Fields returns the fields that can be varied, each with its meaning.
func Fields() [][2]string {
	return [][2]string{
		{Target, "target of the metric, as QUANTITY, or METRIC=QUANTITY if there are several"},
		{Min, "minReplicas"},
		{Max, "maxReplicas"},
		{ScaleUpStabilization, "behavior.scaleUp.stabilizationWindowSeconds, as a duration"},
		{ScaleDownStabilization, "behavior.scaleDown.stabilizationWindowSeconds, as a duration"},
		{ScaleUpTolerance, "behavior.scaleUp.tolerance"},
		{ScaleDownTolerance, "behavior.scaleDown.tolerance"},
	}
}

// Vary returns the HPA as it is and, for each combination of the values, a changed
// copy.
func Vary(hpa *autoscalingv2.HorizontalPodAutoscaler, values map[string][]string) ([]Setting, error) {
	varied := []Setting{{HPA: hpa}}
	for _, field := range Fields() {
		field := field[0]
		if len(values[field]) == 0 {
			continue
		}
		var next []Setting
		for _, setting := range varied {
			for _, value := range values[field] {
				changed := setting.HPA.DeepCopy()
				if err := change(changed, field, value); err != nil {
					return nil, fmt.Errorf("--%s=%s: %w", field, value, err)
				}
				next = append(next, Setting{strings.TrimSpace(setting.Name + " " + field + "=" + value), changed})
			}
		}
		varied = next
	}
	if len(varied) > mostSettings {
		return nil, fmt.Errorf("%d combinations of settings: name at most %d", len(varied), mostSettings)
	}
	asIs := Setting{AsIs, hpa}
	if varied[0].Name == "" {
		return []Setting{asIs}, nil
	}
	return append([]Setting{asIs}, varied...), nil
}

func change(hpa *autoscalingv2.HorizontalPodAutoscaler, field, value string) error {
	switch field {
	case Target:
		return changeTarget(hpa.Spec.Metrics, value)
	case Min:
		return changeReplicas(value, func(replicas int32) { hpa.Spec.MinReplicas = &replicas })
	case Max:
		return changeReplicas(value, func(replicas int32) { hpa.Spec.MaxReplicas = replicas })
	}
	if hpa.Spec.Behavior == nil {
		hpa.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{}
	}
	rules := &hpa.Spec.Behavior.ScaleDown
	if field == ScaleUpStabilization || field == ScaleUpTolerance {
		rules = &hpa.Spec.Behavior.ScaleUp
	}
	if *rules == nil {
		*rules = &autoscalingv2.HPAScalingRules{}
	}
	if field == ScaleUpTolerance || field == ScaleDownTolerance {
		tolerance, err := resource.ParseQuantity(value)
		if err != nil {
			return errors.New("write a quantity, such as 0.05")
		}
		(*rules).Tolerance = &tolerance
		return nil
	}
	window, err := time.ParseDuration(value)
	if err != nil || window%time.Second != 0 || window < 0 || window > time.Hour {
		return errors.New("write a duration of whole seconds, such as 90s or 5m, of at most 1h")
	}
	seconds := int32(window / time.Second)
	(*rules).StabilizationWindowSeconds = &seconds
	return nil
}

func changeReplicas(value string, set func(int32)) error {
	replicas, err := strconv.ParseInt(value, 10, 32)
	if err != nil || replicas < 0 {
		return errors.New("write a number of replicas")
	}
	set(int32(replicas))
	return nil
}

func changeTarget(metrics []autoscalingv2.MetricSpec, value string) error {
	name, text, named := strings.Cut(value, "=")
	if !named {
		name, text = "", value
	}
	if !named && len(metrics) != 1 {
		return errors.New("the HPA has several metrics: write METRIC=QUANTITY")
	}
	target, err := resource.ParseQuantity(text)
	if err != nil {
		return errors.New("write a quantity, such as 100 or 1500m")
	}
	for _, metric := range metrics {
		if metric.Object == nil || named && metric.Object.Metric.Name != name {
			continue
		}
		if metric.Object.Target.Type == autoscalingv2.AverageValueMetricType {
			metric.Object.Target.AverageValue = &target
		} else {
			metric.Object.Target.Value = &target
		}
		return nil
	}
	return fmt.Errorf("the HPA has no Object metric %s", name)
}
