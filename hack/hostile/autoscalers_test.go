package hostile

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// autoscalers of the tenant ask for metricsEach metrics each.
	autoscalers, metricsEach = 10, 10
	madeAutoscalers          = "HPAs made by the tenant"
)

// autoscale makes HPAs whose metrics have no value, for reasons that are long and change.
func (a *tenant) autoscale(ctx context.Context) {
	a.did.expect(madeAutoscalers)
	for n := 0; n < autoscalers && ctx.Err() == nil; n++ {
		name := fmt.Sprintf("hostile-%d", n)
		_, err := a.client.AppsV1().ReplicaSets(tenantNamespace).Create(ctx, scaled(name), metav1.CreateOptions{})
		if err == nil {
			_, err = a.client.AutoscalingV2().HorizontalPodAutoscalers(tenantNamespace).Create(ctx, scaler(name, n), metav1.CreateOptions{})
		}
		switch {
		case err == nil:
			a.did.count(madeAutoscalers, 1)
		case denied(err):
			a.did.violate(fmt.Sprintf("the HPA %s was not made: %v", name, err))
		}
	}
}

func scaled(name string) *appsv1.ReplicaSet {
	labels := map[string]string{"app": name}
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: new(int32(1)), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "worker", Image: "worker"}}},
			},
		},
	}
}

func scaler(name string, n int) *autoscalingv2.HorizontalPodAutoscaler {
	at := resource.MustParse("1")
	var metrics []autoscalingv2.MetricSpec
	for i := range metricsEach {
		metrics = append(metrics, autoscalingv2.MetricSpec{
			Type: autoscalingv2.ObjectMetricSourceType,
			Object: &autoscalingv2.ObjectMetricSource{
				DescribedObject: autoscalingv2.CrossVersionObjectReference{
					APIVersion: redises.GroupVersion().String(), Kind: "Redis", Name: hostileName((metricsEach*n + i) % tenantObjects),
				},
				Metric: unknownMetric(i),
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: &at},
			},
		})
	}
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: name},
			MaxReplicas:    2, Metrics: metrics,
		},
	}
}

// unknownMetric is one that does not exist, one with a long selector, or one whose error says how old a sample is.
func unknownMetric(i int) autoscalingv2.MetricIdentifier {
	switch i % 3 {
	case 0:
		return autoscalingv2.MetricIdentifier{Name: fmt.Sprintf("no-such-metric-%d-%s", i, strings.Repeat("x", 200))}
	case 1:
		selector := &metav1.LabelSelector{}
		for n := range 60 {
			selector.MatchExpressions = append(selector.MatchExpressions, metav1.LabelSelectorRequirement{
				Key: fmt.Sprintf("label-%d-%s", n, strings.Repeat("l", 40)), Operator: metav1.LabelSelectorOpDoesNotExist,
			})
		}
		return autoscalingv2.MetricIdentifier{Name: requests, Selector: selector}
	}
	return autoscalingv2.MetricIdentifier{Name: requests}
}
