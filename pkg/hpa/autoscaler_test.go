package hpa_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa/hpatest"
)

// Sources of the rules: pages of the Kubernetes documentation, enhancement
// proposals, and the reference of the controller's flags.
const (
	guide     = "https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/"
	algorithm = guide + "#algorithm-details"
	behaviors = guide + "#configurable-scaling-behavior"
	object    = "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale-walkthrough/#autoscaling-on-multiple-metrics-and-custom-metrics"
	toZero    = "https://kep.k8s.io/2021"
	tolerance = "https://kep.k8s.io/4951"
	observed  = "observed of the controller"
)

// change is how a test departs from the HPA of [newHPA].
type change func(*autoscalingv2.HorizontalPodAutoscaler)

// newHPA has 1 to 20 replicas and an AverageValue of 10.
func newHPA(changes ...change) *autoscalingv2.HorizontalPodAutoscaler {
	object := &autoscalingv2.HorizontalPodAutoscaler{Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
		MaxReplicas: 20, Metrics: []autoscalingv2.MetricSpec{average("10")},
	}}
	for _, change := range changes {
		change(object)
	}
	return object
}

func average(target string) autoscalingv2.MetricSpec {
	quantity := resource.MustParse(target)
	return metric(autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &quantity})
}

func value(target string) autoscalingv2.MetricSpec {
	quantity := resource.MustParse(target)
	return metric(autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: &quantity})
}

func metric(target autoscalingv2.MetricTarget) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
		Metric: autoscalingv2.MetricIdentifier{Name: "load"}, Target: target,
	}}
}

func metrics(specs ...autoscalingv2.MetricSpec) change {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.Metrics = specs }
}

func bounds(lowest, highest int32) change {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) {
		h.Spec.MinReplicas, h.Spec.MaxReplicas = &lowest, highest
	}
}

func behavior(up, down *autoscalingv2.HPAScalingRules) change {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) {
		h.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: up, ScaleDown: down}
	}
}

func wasScaledToZero(h *autoscalingv2.HorizontalPodAutoscaler) {
	h.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.ScaledToZero, Status: corev1.ConditionTrue, Reason: "ScaledToZero"}}
}

func window(seconds int32) *autoscalingv2.HPAScalingRules {
	return &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &seconds}
}

func tolerate(quantity string) *autoscalingv2.HPAScalingRules {
	tolerance, none := resource.MustParse(quantity), int32(0)
	return &autoscalingv2.HPAScalingRules{Tolerance: &tolerance, StabilizationWindowSeconds: &none}
}

// policies have no stabilization window. A policy is "4/15s" or "50%/60s".
func policies(selected autoscalingv2.ScalingPolicySelect, texts ...string) *autoscalingv2.HPAScalingRules {
	rules := window(0)
	rules.SelectPolicy = &selected
	for _, text := range texts {
		policy := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy}
		if strings.Contains(text, "%") {
			policy.Type = autoscalingv2.PercentScalingPolicy
		}
		if _, err := fmt.Sscanf(strings.Replace(text, "%", "", 1), "%d/%ds", &policy.Value, &policy.PeriodSeconds); err != nil {
			panic(err)
		}
		rules.Policies = append(rules.Policies, policy)
	}
	return rules
}

const (
	disabled = autoscalingv2.DisabledPolicySelect
	minimal  = autoscalingv2.MinChangePolicySelect
	maximal  = autoscalingv2.MaxChangePolicySelect
)

// step is a sync, its time after the first, and what comes of it.
type step struct {
	at       time.Duration
	values   []any // a number or nil, which is unknown
	want     int32
	reason   string // of one of the conditions
	external int32  // what somebody else has set the replicas to before, if not 0
	ready    int32  // ready pods, if not all
}

func TestSync(t *testing.T) {
	of := func(values ...any) []any { return values }
	at := func(seconds int, values []any, want int32, reason string) step {
		return step{at: time.Duration(seconds) * time.Second, values: values, want: want, reason: reason}
	}
	tests := []struct {
		rule     string
		source   string
		hpa      *autoscalingv2.HorizontalPodAutoscaler
		change   func(*hpa.Controller)
		replicas int32
		steps    []step
	}{
		{rule: "AverageValue: the value divided by the target, rounded up", source: object, hpa: newHPA(), replicas: 4,
			steps: []step{at(0, of(61), 7, "SucceededRescale")}},
		{rule: "Value: the ratio times the ready pods, rounded up", source: algorithm, hpa: newHPA(metrics(value("10"))), replicas: 4,
			steps: []step{{values: of(15), ready: 3, want: 5, reason: "SucceededRescale"}}},
		{rule: "Value: no pods, no proposal", source: observed, hpa: newHPA(metrics(value("10"))), replicas: 4,
			steps: []step{{values: of(15), ready: -1, want: 4, reason: "FailedGetObjectMetric"}}},
		{rule: "a ratio within the tolerance changes nothing", source: algorithm, hpa: newHPA(), replicas: 10,
			steps: []step{at(0, of(109), 10, "DesiredWithinRange"), at(15, of(111), 12, "SucceededRescale")}},
		{rule: "the tolerance of the controller", source: "--horizontal-pod-autoscaler-tolerance", hpa: newHPA(), replicas: 10,
			change: func(c *hpa.Controller) { c.Tolerance = 0.3 },
			steps:  []step{at(0, of(130), 10, "DesiredWithinRange"), at(15, of(131), 14, "SucceededRescale")}},
		{rule: "the tolerances of the HPA", source: tolerance, hpa: newHPA(behavior(tolerate("0.5"), tolerate("0"))), replicas: 10,
			steps: []step{at(0, of(149), 10, ""), at(15, of(151), 16, ""), at(30, of(159), 16, ""), at(300, of(149), 15, "")}},
		{rule: "before 1.35 the tolerances of the HPA do not count", source: tolerance, hpa: newHPA(behavior(tolerate("0.5"), tolerate("0"))), replicas: 10,
			change: func(c *hpa.Controller) { c.Minor = 34 },
			steps:  []step{at(0, of(149), 15, "")}},
		{rule: "a ratio exactly on the tolerance changes nothing", source: observed, hpa: newHPA(), replicas: 10,
			steps: []step{at(0, of(110), 10, "")}},
		{rule: "before 1.33 a ratio exactly on the tolerance was above it", source: observed, hpa: newHPA(), replicas: 10,
			change: func(c *hpa.Controller) { c.Minor = 32 },
			steps:  []step{at(0, of(110), 11, "")}},
		{rule: "of several metrics the highest proposal counts", source: algorithm, hpa: newHPA(metrics(average("10"), average("100"))), replicas: 4,
			steps: []step{at(0, of(50, 600), 6, "ValidMetricFound")}},
		{rule: "an unknown metric blocks a scale-in by the others", source: algorithm, hpa: newHPA(metrics(average("10"), average("100"))), replicas: 4,
			steps: []step{at(0, of(nil, 100), 4, "FailedGetObjectMetric"), at(600, of(nil, 100), 4, "FailedGetObjectMetric")}},
		{rule: "an unknown metric does not block a scale-out by the others", source: algorithm, hpa: newHPA(metrics(average("10"), average("100"))), replicas: 4,
			steps: []step{at(0, of(nil, 600), 6, "ValidMetricFound")}},
		{rule: "unknown alone changes nothing", source: algorithm, hpa: newHPA(), replicas: 4,
			steps: []step{at(0, of(nil), 4, "FailedGetObjectMetric"), at(3600, of(nil), 4, "FailedGetObjectMetric")}},
		{rule: "maxReplicas", source: algorithm, hpa: newHPA(bounds(2, 6)), replicas: 4,
			steps: []step{at(0, of(1000), 6, "TooManyReplicas")}},
		{rule: "minReplicas", source: algorithm, hpa: newHPA(bounds(2, 6)), replicas: 4,
			steps: []step{at(0, of(0), 4, "ScaleDownStabilized"), at(301, of(0), 2, "TooFewReplicas")}},
		{rule: "outside the bounds the metrics are not asked", source: observed, hpa: newHPA(bounds(3, 6)), replicas: 9,
			steps: []step{at(0, of(nil), 6, "SucceededRescale"), {at: 15 * time.Second, values: of(nil), external: 1, want: 3, reason: "SucceededRescale"}}},
		{rule: "without behavior: up to twice the replicas or 4 at once", source: behaviors, hpa: newHPA(), replicas: 1,
			steps: []step{at(0, of(1000), 4, "ScaleUpLimit"), at(15, of(1000), 8, "ScaleUpLimit"), at(16, of(1000), 16, "ScaleUpLimit"), at(17, of(1000), 20, "TooManyReplicas")}},
		{rule: "default behavior: 4 pods or 100 % in 15 s", source: behaviors, hpa: newHPA(behavior(nil, nil)), replicas: 1,
			steps: []step{at(0, of(1000), 5, "ScaleUpLimit"), at(5, of(1000), 5, "ScaleUpLimit"), at(15, of(1000), 10, "ScaleUpLimit")}},
		{rule: "default stabilization of scale-in: 300 s, inclusive without behavior", source: "--horizontal-pod-autoscaler-downscale-stabilization", hpa: newHPA(), replicas: 8,
			steps: []step{at(0, of(80), 8, "ReadyForNewScale"), at(15, of(20), 8, "ScaleDownStabilized"), at(300, of(20), 8, "ScaleDownStabilized"), at(301, of(20), 2, "SucceededRescale")}},
		{rule: "default stabilization of scale-in with behavior: 300 s, exclusive", source: behaviors, hpa: newHPA(behavior(nil, nil)), replicas: 8,
			steps: []step{at(0, of(80), 8, "ReadyForNewScale"), at(299, of(20), 8, "ScaleDownStabilized"), at(300, of(20), 2, "SucceededRescale")}},
		{rule: "stabilization of scale-in takes the highest recommendation", source: behaviors, hpa: newHPA(behavior(nil, window(60))), replicas: 8,
			steps: []step{at(0, of(80), 8, ""), at(30, of(50), 8, "ScaleDownStabilized"), at(60, of(20), 5, "SucceededRescale"), at(90, of(20), 2, "SucceededRescale")}},
		{rule: "stabilization of scale-out takes the lowest recommendation", source: behaviors, hpa: newHPA(behavior(window(60), nil)), replicas: 2,
			steps: []step{at(0, of(20), 2, ""), at(30, of(80), 2, "ScaleUpStabilized"), at(60, of(60), 6, "SucceededRescale")}},
		{rule: "an unknown value leaves no recommendation", source: observed, hpa: newHPA(behavior(nil, window(60))), replicas: 8,
			steps: []step{at(0, of(80), 8, ""), at(30, of(nil), 8, "FailedGetObjectMetric"), at(60, of(20), 2, "SucceededRescale")}},
		{rule: "Pods and Percent with Max: the larger change", source: behaviors, hpa: newHPA(behavior(policies(maximal, "2/60s", "100%/60s"), nil)), replicas: 3,
			steps: []step{at(0, of(1000), 6, "ScaleUpLimit")}},
		{rule: "Pods and Percent with Min: the smaller change", source: behaviors, hpa: newHPA(behavior(policies(minimal, "2/60s", "100%/60s"), nil)), replicas: 3,
			steps: []step{at(0, of(1000), 5, "ScaleUpLimit")}},
		{rule: "Disabled blocks scale-out", source: behaviors, hpa: newHPA(behavior(policies(disabled, "2/60s"), nil)), replicas: 3,
			steps: []step{at(0, of(1000), 3, "ScaleUpLimit")}},
		{rule: "Disabled blocks scale-in", source: behaviors, hpa: newHPA(behavior(nil, policies(disabled, "2/60s"))), replicas: 3,
			steps: []step{at(0, of(0), 3, "ScaleDownLimit")}},
		{rule: "scale-in with Max: the larger change", source: behaviors, hpa: newHPA(behavior(nil, policies(maximal, "4/60s", "10%/60s"))), replicas: 20,
			steps: []step{at(0, of(10), 16, "ScaleDownLimit")}},
		{rule: "scale-in with Min: the smaller change", source: behaviors, hpa: newHPA(behavior(nil, policies(minimal, "4/60s", "10%/60s"))), replicas: 20,
			steps: []step{at(0, of(10), 18, "ScaleDownLimit")}},
		{rule: "Percent of scale-out rounds up", source: behaviors, hpa: newHPA(behavior(policies(maximal, "10%/60s"), nil)), replicas: 1,
			steps: []step{at(0, of(1000), 2, "ScaleUpLimit")}},
		{rule: "changes count against the policy for its period", source: behaviors, hpa: newHPA(behavior(policies(maximal, "2/60s"), nil)), replicas: 3,
			steps: []step{at(0, of(1000), 5, "ScaleUpLimit"), at(59, of(1000), 5, "ScaleUpLimit"), at(60, of(1000), 7, "ScaleUpLimit")}},
		{rule: "a scale-in within the period gives room to a scale-out", source: observed, hpa: newHPA(behavior(policies(maximal, "2/60s"), policies(maximal, "100%/60s"))), replicas: 9,
			steps: []step{at(0, of(30), 3, ""), at(15, of(1000), 11, "ScaleUpLimit")}},
		{rule: "a scale by somebody else is not a scale event", source: observed, hpa: newHPA(behavior(policies(maximal, "2/60s"), nil)), replicas: 3,
			steps: []step{at(0, of(1000), 5, "ScaleUpLimit"), {at: 15 * time.Second, values: of(1000), external: 10, want: 10, reason: "ScaleUpLimit"}}},
		{rule: "scale to zero, and from zero without tolerance", source: toZero, hpa: newHPA(bounds(0, 20), behavior(nil, window(0))), replicas: 2,
			steps: []step{at(0, of(0), 0, "ScaledToZero"), at(15, of(0), 0, "ScaledToZero"), at(30, of(1), 1, "NotScaledToZero")}},
		{rule: "Value from zero: the ratio alone, rounded up", source: toZero, hpa: newHPA(bounds(0, 20), metrics(value("10")), wasScaledToZero), replicas: 0,
			steps: []step{{values: of(25), ready: -1, want: 3, reason: "NotScaledToZero"}}},
		{rule: "unknown at zero changes nothing", source: toZero, hpa: newHPA(bounds(0, 20), wasScaledToZero), replicas: 0,
			steps: []step{at(0, of(nil), 0, "FailedGetObjectMetric")}},
		{rule: "zero replicas by somebody else disable the HPA", source: toZero, hpa: newHPA(bounds(0, 20)), replicas: 0,
			steps: []step{at(0, of(1000), 0, "ScalingDisabled")}},
		{rule: "zero replicas disable the HPA with minReplicas 1", source: guide, hpa: newHPA(), replicas: 0,
			steps: []step{at(0, of(1000), 0, "ScalingDisabled")}},
		{rule: "a minimum raised at zero is restored", source: toZero, hpa: newHPA(bounds(3, 20), behavior(nil, nil), wasScaledToZero), replicas: 0,
			steps: []step{at(0, of(0), 3, "NotScaledToZero")}},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			controller := hpa.DefaultController()
			if test.change != nil {
				test.change(&controller)
			}
			autoscaler, err := hpa.New(controller, test.hpa)
			if err != nil {
				t.Fatal(err)
			}
			replicas, start := test.replicas, time.Unix(1_800_000_000, 0)
			for i, step := range test.steps {
				if step.external != 0 {
					replicas = step.external
				}
				decision := autoscaler.Sync(step.observe(start, replicas))
				if decision.Desired != step.want || !hasReason(decision, step.reason) {
					t.Errorf("step %d: %d replicas %v, want %d with %s (source: %s)", i, decision.Desired, decision.Conditions, step.want, step.reason, test.source)
				}
				replicas = decision.Desired
			}
		})
	}
}

func (s step) observe(start time.Time, replicas int32) hpa.Observation {
	o := hpa.Observation{Time: start.Add(s.at), Replicas: replicas, StatusReplicas: replicas, Pods: replicas, ReadyPods: replicas}
	switch {
	case s.ready < 0:
		o.Pods, o.ReadyPods = 0, 0
	case s.ready > 0:
		o.ReadyPods = s.ready
	}
	for _, value := range s.values {
		number, known := value.(int)
		o.Values = append(o.Values, hpa.Value{Milli: int64(number) * 1000, Unknown: !known})
	}
	return o
}

func hasReason(decision hpa.Decision, reason string) bool {
	return reason == "" || slices.ContainsFunc(decision.Conditions, func(c hpa.Condition) bool { return c.Reason == reason })
}

func TestNewRefuses(t *testing.T) {
	utilization := int32(50)
	tests := []struct {
		name  string
		minor int
		hpa   *autoscalingv2.HorizontalPodAutoscaler
		want  string
	}{
		{"no metrics", 37, newHPA(metrics()), "spec.metrics: Required value: name at least one Object metric"},
		{"another type", 37, newHPA(metrics(autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType})), `spec.metrics[0].type: Unsupported value: "Resource": supported values: "Object"`},
		{"no source", 37, newHPA(metrics(autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType})), "spec.metrics[0].object: Required value"},
		{"no target", 37, newHPA(metrics(metric(autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType}))), "spec.metrics[0].object.target.value: Required value"},
		{"utilization", 37, newHPA(metrics(metric(autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &utilization}))), `spec.metrics[0].object.target.type: Unsupported value: "Utilization"`},
		{"target 0", 37, newHPA(metrics(average("0"))), "spec.metrics[0].object.target.averageValue: Invalid value"},
		{"maximum below minimum", 37, newHPA(bounds(3, 2)), "spec.maxReplicas: Invalid value: 2"},
		{"negative minimum", 37, newHPA(bounds(-1, 2)), "spec.minReplicas: Invalid value: -1"},
		{"minimum 0 on 1.36", 36, newHPA(bounds(0, 2)), "must be 1 or more before Kubernetes 1.37"},
		{"long window", 37, newHPA(behavior(window(3601), nil)), "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601"},
		{"no policies", 37, newHPA(behavior(nil, &autoscalingv2.HPAScalingRules{Policies: []autoscalingv2.HPAScalingPolicy{}})), "spec.behavior.scaleDown.policies: Required value"},
		{"policy", 37, newHPA(behavior(nil, policies("Most", "0/0s"))), "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 0"},
		{"selectPolicy", 37, newHPA(behavior(nil, policies("Most", "1/1s"))), `spec.behavior.scaleDown.selectPolicy: Unsupported value: "Most"`},
		{"tolerance", 37, newHPA(behavior(tolerate("-1"), nil)), "spec.behavior.scaleUp.tolerance: Invalid value"},
		{"old version", 29, newHPA(), "version 1.29 of Kubernetes is not covered: use 1.30 to 1.37"},
		{"future version", 38, newHPA(), "version 1.38 of Kubernetes is not covered: use 1.30 to 1.37"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			controller := hpa.DefaultController()
			controller.Minor = test.minor
			if _, err := hpa.New(controller, test.hpa); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

// FuzzSync checks what is true of every decision, on random cases.
func FuzzSync(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, byte(15))
	}
	f.Fuzz(func(t *testing.T, seed uint64, seconds byte) {
		c := hpatest.New(seed, hpatest.Options{Syncs: 60, MaxReplicas: 40, Interventions: true, Seconds: []int32{1, 15, 60, 300, 1800}})
		first, err := hpa.New(hpa.DefaultController(), c.HPA)
		if err != nil {
			t.Fatal(err)
		}
		second, _ := hpa.New(hpa.DefaultController(), c.HPA)
		lowest := int32(1)
		if c.HPA.Spec.MinReplicas != nil {
			lowest = *c.HPA.Spec.MinReplicas
		}
		replicas, now := c.Replicas, time.Unix(0, 0)
		for i, values := range c.Values {
			if external, found := c.Interventions[i]; found {
				replicas = external
			}
			o := hpa.Observation{Time: now, Replicas: replicas, StatusReplicas: replicas, Pods: replicas, ReadyPods: replicas / 2, Values: values}
			decision := first.Sync(o)
			if again := second.Sync(o); again.Desired != decision.Desired || !slices.Equal(again.Conditions, decision.Conditions) {
				t.Fatalf("sync %d: equal observations give %+v and %+v", i, decision, again)
			}
			checkInvariants(t, c.HPA.Spec, lowest, o, decision)
			replicas, now = decision.Desired, now.Add(time.Duration(max(seconds, 1))*time.Second)
		}
	})
}

func checkInvariants(t *testing.T, spec autoscalingv2.HorizontalPodAutoscalerSpec, lowest int32, o hpa.Observation, decision hpa.Decision) {
	t.Helper()
	inside := o.Replicas >= lowest && o.Replicas <= spec.MaxReplicas
	known := slices.ContainsFunc(o.Values, func(v hpa.Value) bool { return !v.Unknown })
	unknown := slices.ContainsFunc(o.Values, func(v hpa.Value) bool { return v.Unknown })
	switch {
	case decision.Desired > spec.MaxReplicas, decision.Desired < lowest && decision.Desired != 0:
		t.Fatalf("%d replicas, outside %d to %d", decision.Desired, lowest, spec.MaxReplicas)
	case decision.Desired == 0 && o.Replicas > 0 && lowest > 0:
		t.Fatalf("scaled to zero with a minimum of %d", lowest)
	case !known && inside && decision.Desired != o.Replicas:
		t.Fatalf("%d replicas of %d while every metric is unknown", decision.Desired, o.Replicas)
	case unknown && inside && decision.Desired < o.Replicas && decision.Recommendation < o.Replicas:
		t.Fatalf("scaled in from %d to %d while a metric is unknown", o.Replicas, decision.Desired)
	}
	if spec.Behavior == nil || !inside {
		return
	}
	for rules, grows := range map[*autoscalingv2.HPAScalingRules]bool{spec.Behavior.ScaleUp: true, spec.Behavior.ScaleDown: false} {
		if rules == nil || rules.SelectPolicy == nil || *rules.SelectPolicy != disabled {
			continue
		}
		if o.Replicas > 0 && (grows && decision.Desired > o.Replicas || !grows && decision.Desired < o.Replicas) {
			t.Fatalf("scaled from %d to %d, which is disabled", o.Replicas, decision.Desired)
		}
	}
}
