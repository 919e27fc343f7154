package soak

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// share is how many jobs one replica is for, as many as a step of the load adds.
	share = 10
	// most is the largest number of replicas, which two hours of steps demand.
	most = 500
	// looking is how often the replicas are looked at.
	looking = 200 * time.Millisecond
)

// autoscaled holds the replicas that the HorizontalPodAutoscalers ask for against the truth. There is one for each lane
// but those whose objects name now one server and now another.
type autoscaled struct {
	verifier  *verifier.Verifier
	client    kubernetes.Interface
	namespace string

	mu       sync.Mutex
	replicas map[string]int
	reached  map[string]bool // has been at what the truth demands
	looks    int
}

// autoscale makes a StatefulSet without replicas and an autoscaler for each lane, without any stabilization.
func autoscale(t *testing.T, w *world) *autoscaled {
	t.Helper()
	a := &autoscaled{verifier: w.verifier, client: w.client, namespace: w.namespace, replicas: map[string]int{}, reached: map[string]bool{}}
	for _, one := range w.lanes {
		if one.scope == faults.Object || one.scope == faults.Name {
			continue
		}
		if _, err := w.client.AppsV1().StatefulSets(w.namespace).Create(t.Context(), workers(one.Object), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.client.AutoscalingV2().HorizontalPodAutoscalers(w.namespace).Create(t.Context(), scaler(one.Object), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		a.replicas[one.Object] = 0
	}
	return a
}

func workers(name string) *appsv1.StatefulSet {
	labels := map[string]string{"app": name}
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.StatefulSetSpec{
			Replicas: new(int32(1)), ServiceName: name, PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "worker", Image: "worker"}}},
			},
		},
	}
}

func scaler(name string) *autoscalingv2.HorizontalPodAutoscaler {
	at := resource.MustParse(fmt.Sprint(share))
	rules := &autoscalingv2.HPAScalingRules{
		StabilizationWindowSeconds: new(int32(0)),
		Policies:                   []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: most, PeriodSeconds: 1}},
	}
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "StatefulSet", Name: name},
			MinReplicas:    new(int32(0)), MaxReplicas: most,
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: rules, ScaleDown: rules},
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
				DescribedObject: autoscalingv2.CrossVersionObjectReference{APIVersion: "redis-metrics.dev/v1alpha1", Kind: "Redis", Name: name},
				Metric:          autoscalingv2.MetricIdentifier{Name: verifier.Backlog},
				Target:          autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &at},
			}}},
		},
	}
}

// watch looks at the replicas until ctx ends.
func (a *autoscaled) watch(ctx context.Context) {
	ticker := time.NewTicker(looking)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			a.look(ctx)
		}
	}
}

func (a *autoscaled) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	asked := time.Now()
	list, err := a.client.AppsV1().StatefulSets(a.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return // the API server is one of those that fail
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.looks++
	for _, set := range list.Items {
		a.hold(set.Name, int(*set.Spec.Replicas), asked)
	}
}

// hold holds replicas against the least that the truth demanded while the autoscaler may have looked last.
func (a *autoscaled) hold(name string, replicas int, asked time.Time) {
	p := a.verifier.Policy()
	least, known := a.verifier.LeastLevel(name, verifier.Backlog, asked.Add(-p.MaxAge-p.Interval-2*syncPeriod), asked)
	before := a.replicas[name]
	a.replicas[name] = replicas
	if !known {
		return
	}
	demanded := min(most, int(math.Ceil(least/share)))
	switch {
	case replicas >= demanded:
		a.reached[name] = true
	case a.reached[name] && replicas < before:
		a.verifier.Violate(fmt.Sprintf("the replicas of %s fell from %d to %d at %s, though %v jobs at least wait for %d",
			name, before, replicas, asked.Format("15:04:05.000"), least, demanded))
	}
}

// of returns the replicas of an object, and false if none are scaled by it.
func (a *autoscaled) of(name string) (replicas int, scaled bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	replicas, scaled = a.replicas[name]
	return replicas, scaled
}

// resumption is when an autoscaler has as many replicas as jobs demand after a fault.
type resumption int

const (
	inTime resumption = iota
	// excused is late, within a span in which this machine stood still.
	excused
	// late is what the controller is now and then, whatever the adapter answers: the verifier holds the answers against the truth.
	late
)

// await waits until an object has as many replicas as jobs demand, in time if that is before the end of a span. It counts a
// violation if there are not so many even after Kubernetes has looked again for all that is served.
func (a *autoscaled) await(ctx context.Context, fault, name string, jobs int, within verifier.Span) resumption {
	ticker := time.NewTicker(looking)
	defer ticker.Stop()
	for ctx.Err() == nil {
		now := time.Now()
		stood := now.After(within.To) && a.verifier.Stood(verifier.Span{From: within.From, To: now})
		if replicas, scaled := a.of(name); !scaled || replicas == min(most, jobs/share) {
			switch {
			case !scaled || !now.After(within.To):
				return inTime
			case stood:
				return excused
			}
			say("%-10s scaled %s late: %q", name, now.Sub(within.To).Round(100*time.Millisecond), fault)
			return late
		}
		if now.After(within.To.Add(faults.Relearning)) && !stood {
			break
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return inTime
	}
	replicas, _ := a.of(name)
	a.verifier.Violate(fmt.Sprintf("the replicas of %s are %d at %s, though %d jobs wait: scaling has not resumed after %q; %s",
		name, replicas, time.Now().Format("15:04:05.000"), jobs, fault, a.why(name)))
	return late
}

// why is what an autoscaler says of itself.
func (a *autoscaled) why(name string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	hpa, err := a.client.AutoscalingV2().HorizontalPodAutoscalers(a.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err.Error()
	}
	var said []string
	for _, condition := range hpa.Status.Conditions {
		said = append(said, fmt.Sprintf("%s %s: %s", condition.Type, condition.Status, condition.Message))
	}
	return strings.Join(said, "; ")
}
