// Package hpatest makes random HPAs and loads for tests that compare package hpa
// with the controller of Kubernetes.
//
// A [Case] depends on its seed and [Options] alone. Cases are plain data: tests may
// read them from several goroutines.
package hpatest

import (
	"fmt"
	"math/rand/v2"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
)

// Options bounds what a case may hold.
type Options struct {
	// Syncs is for how many syncs there are values.
	Syncs int
	// MaxReplicas is the highest maxReplicas.
	MaxReplicas int32
	// Seconds are the stabilization windows and the periods of policies to choose
	// from. Each is at least 1.
	Seconds []int32
	// Interventions has somebody else change the scale now and then.
	Interventions bool
}

// Case is an HPA and what it meets.
type Case struct {
	HPA *autoscalingv2.HorizontalPodAutoscaler
	// Replicas is spec.replicas of the scale before the first sync.
	Replicas int32
	// Values holds the value of each metric at each sync.
	Values [][]hpa.Value
	// Interventions holds what somebody else sets spec.replicas to before a sync.
	Interventions map[int]int32
}

// described is the object that the metrics of a case describe.
var described = autoscalingv2.CrossVersionObjectReference{APIVersion: "redis-metrics.dev/v1alpha1", Kind: "Redis", Name: "redis"}

// New returns the case of a seed.
func New(seed uint64, options Options) Case {
	g := generator{rand.New(rand.NewPCG(seed, 20)), options}
	c := Case{HPA: &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("case-%d", seed), Namespace: "default"},
	}}
	spec := &c.HPA.Spec
	spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "StatefulSet", Name: c.HPA.Name}
	spec.MaxReplicas = 1 + g.Int32N(options.MaxReplicas)
	lowest := g.replicas(spec.MaxReplicas)
	if lowest != 1 || g.chance(50) {
		spec.MinReplicas = &lowest
	}
	c.Replicas = max(1, lowest+g.Int32N(spec.MaxReplicas-lowest+1))
	if g.chance(70) {
		spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: g.rules(), ScaleDown: g.rules()}
	}
	for range 1 + g.IntN(3) {
		spec.Metrics = append(spec.Metrics, g.metric(len(spec.Metrics)))
	}
	c.Values = g.values(spec)
	c.Interventions = g.interventions(spec.MaxReplicas)
	return c
}

type generator struct {
	*rand.Rand
	options Options
}

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

// replicas returns a minimum, which is 0 in a quarter of the cases.
func (g generator) replicas(highest int32) int32 {
	if g.chance(25) {
		return 0
	}
	return 1 + g.Int32N(min(highest, 4))
}

func (g generator) rules() *autoscalingv2.HPAScalingRules {
	if g.chance(25) {
		return nil
	}
	rules := &autoscalingv2.HPAScalingRules{}
	if g.chance(70) {
		window := g.seconds()
		if g.chance(25) {
			window = 0
		}
		rules.StabilizationWindowSeconds = &window
	}
	if g.chance(60) {
		policy := []autoscalingv2.ScalingPolicySelect{
			autoscalingv2.MaxChangePolicySelect, autoscalingv2.MinChangePolicySelect, autoscalingv2.MaxChangePolicySelect,
			autoscalingv2.MinChangePolicySelect, autoscalingv2.DisabledPolicySelect,
		}[g.IntN(5)]
		rules.SelectPolicy = &policy
	}
	if g.chance(75) {
		for range 1 + g.IntN(3) {
			rules.Policies = append(rules.Policies, g.policy())
		}
	}
	if g.chance(40) {
		tolerance := resource.MustParse([]string{"0", "0.05", "0.1", "0.25", "0.5"}[g.IntN(5)])
		rules.Tolerance = &tolerance
	}
	return rules
}

func (g generator) policy() autoscalingv2.HPAScalingPolicy {
	if g.chance(50) {
		return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: 1 + g.Int32N(4), PeriodSeconds: g.seconds()}
	}
	return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: []int32{1, 10, 25, 33, 50, 100, 150}[g.IntN(7)], PeriodSeconds: g.seconds()}
}

func (g generator) seconds() int32 { return g.options.Seconds[g.IntN(len(g.options.Seconds))] }

func (g generator) metric(index int) autoscalingv2.MetricSpec {
	quantity := resource.MustParse([]string{"1", "7", "10", "100", "1500m", "33333m", "2k"}[g.IntN(7)])
	target := autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &quantity}
	if g.chance(40) {
		target = autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: &quantity}
	}
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
		DescribedObject: described, Metric: autoscalingv2.MetricIdentifier{Name: fmt.Sprintf("metric-%d", index)}, Target: target,
	}}
}

// values returns loads that hold for some syncs, with noise, gaps and spikes.
func (g generator) values(spec *autoscalingv2.HorizontalPodAutoscalerSpec) [][]hpa.Value {
	values := make([][]hpa.Value, g.options.Syncs)
	for _, metric := range spec.Metrics {
		var held hpa.Value
		noise, left := 0.0, 0
		for i := range values {
			if left == 0 {
				held, noise, left = g.level(metric.Object.Target, spec.MaxReplicas), 0.2*g.Float64()*float64(g.IntN(2)), 1+g.IntN(8)
			}
			left--
			value := held
			value.Milli += int64(float64(held.Milli) * noise * (g.Float64() - 0.5))
			if g.chance(4) {
				value = hpa.Value{Unknown: true}
			}
			values[i] = append(values[i], value)
		}
	}
	return values
}

func (g generator) level(target autoscalingv2.MetricTarget, highest int32) hpa.Value {
	if g.chance(12) {
		return hpa.Value{Unknown: true}
	}
	ratio := []float64{0, 0.3, 0.5, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.25, 1.5, 3}[g.IntN(12)]
	if target.Type == autoscalingv2.ValueMetricType {
		return hpa.Value{Milli: int64(ratio * float64(target.Value.MilliValue()))}
	}
	if g.chance(80) { // else what suits a single pod
		ratio *= float64(1 + g.Int32N(highest))
	}
	return hpa.Value{Milli: int64(ratio * float64(target.AverageValue.MilliValue()))}
}

func (g generator) interventions(highest int32) map[int]int32 {
	if !g.options.Interventions || g.chance(60) {
		return nil
	}
	interventions := map[int]int32{}
	for range 1 + g.IntN(4) {
		interventions[g.IntN(g.options.Syncs)] = g.Int32N(highest + 4)
	}
	return interventions
}
