package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// lanes are Redis servers with an object and an HPA each, all of them stepping at once; steps is how often each does.
	lanes, steps = 8, 2
	// The load before and after a step, and the target for a replica, in requests/s.
	lowLoad, highLoad, loadTarget = 500, 2500, 1000
	// window is the default time over which a rate is taken, and syncPeriod how often the HPA controller looks.
	window, syncPeriod = 15 * time.Second, 15 * time.Second
	// look is how often the API is looked at, which bounds how exactly a reaction is timed.
	look = 50 * time.Millisecond
	// slack is what may come on top of an interval until a value moves, and of a window until it is whole.
	slack = 100 * time.Millisecond
)

// reaction is how long after a step something happened.
type reaction struct{ moved, whole, desired float64 }

// measureReaction steps loads up at random phases of the adapter's and the HPA controller's rhythms.
func measureReaction(ctx context.Context, h *harness) ([]Figure, error) {
	if err := h.empty(ctx); err != nil {
		return nil, err
	}
	if err := h.serve(ctx, lanes); err != nil {
		return nil, err
	}
	if err := h.populate(ctx, lanes, nil); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var all []reaction
	var running sync.WaitGroup
	for n := range lanes {
		running.Go(func() {
			found, err := h.lane(ctx, n)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, found...)
			if err != nil {
				cancel(fmt.Errorf("%s: %w", objectName(n), err))
			}
		})
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return summary(all), h.dismiss(ctx)
}

func summary(all []reaction) []Figure {
	var moved, whole, desired []float64
	for _, one := range all {
		moved, whole, desired = append(moved, one.moved), append(whole, one.whole), append(desired, one.desired)
	}
	figures := []Figure{{Name: "steps", Value: float64(len(all))}}
	for _, f := range []struct {
		name  string
		steps []float64
		limit time.Duration
	}{
		{"value moves", moved, interval + slack},
		{"value is whole", whole, window + interval + slack},
		{"desiredReplicas rises", desired, interval + syncPeriod},
	} {
		figures = append(figures,
			Figure{Name: f.name + ", p50", Value: percentile(f.steps, 50), Unit: "s"},
			// What happened between two looks is timed by the later one.
			Figure{Name: f.name + ", max", Value: percentile(f.steps, 100), Unit: "s", Limit: f.limit.Seconds(), Noise: 2 * look.Seconds() / f.limit.Seconds()})
	}
	return figures
}

// lane steps the load of one server.
func (h *harness) lane(ctx context.Context, n int) ([]reaction, error) {
	load := traffic.New(h.servers[n].address)
	load.SetRate(lowLoad)
	ctx, cancel := context.WithCancel(ctx)
	driven := make(chan error, 1)
	go func() { driven <- load.Run(ctx, nil) }()
	defer cancel()
	if err := h.scale(ctx, objectName(n)); err != nil {
		return nil, err
	}
	var all []reaction
	for range steps {
		one, err := h.step(ctx, load, objectName(n))
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	cancel()
	return all, <-driven
}

// step waits until all is at rest, for a random time more, and then for what comes of a step in the load.
func (h *harness) step(ctx context.Context, load *traffic.Driver, name string) (reaction, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	load.SetRate(lowLoad)
	err := until(ctx, 10*look, func() (bool, error) {
		value, _ := h.value(ctx, name)
		desired, err := h.desired(ctx, name)
		return value > 0 && value < 1.05*lowLoad && desired == 1, err
	})
	if err != nil {
		return reaction{}, fmt.Errorf("come to rest: %w", err)
	}
	if err := wait(ctx, window+rand.N(syncPeriod)); err != nil {
		return reaction{}, err
	}
	rest, err := h.value(ctx, name)
	if err != nil {
		return reaction{}, err
	}
	load.SetRate(highLoad)
	start := time.Now()
	var r reaction
	mark := func(at *float64, happened bool) {
		if happened && *at == 0 {
			*at = time.Since(start).Seconds()
		}
	}
	err = until(ctx, look, func() (bool, error) {
		value, errValue := h.value(ctx, name)
		mark(&r.moved, value > rest+0.01*lowLoad)
		mark(&r.whole, value > 0.98*highLoad)
		desired, errDesired := h.desired(ctx, name)
		mark(&r.desired, desired > 1)
		return r.moved > 0 && r.whole > 0 && r.desired > 0, errors.Join(errValue, errDesired)
	})
	return r, err
}

// value asks the API server for the metric, as somebody whose rhythm the adapter does not follow.
func (h *harness) value(ctx context.Context, name string) (float64, error) {
	value, _, _, err := h.metrics.Value(ctx, name, verifier.SoleLoad())
	return value, err
}

func (h *harness) desired(ctx context.Context, name string) (int32, error) {
	hpa, err := h.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return 0, err
	}
	return hpa.Status.DesiredReplicas, nil
}

// scale makes a StatefulSet and an HPA that scales it by an object's requests.
func (h *harness) scale(ctx context.Context, name string) error {
	labels := map[string]string{"app": name}
	replicas := int32(1)
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: appsv1.StatefulSetSpec{
		Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels}, PodManagementPolicy: appsv1.ParallelPodManagement,
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "none"}}},
		},
	}}
	if _, err := h.client.AppsV1().StatefulSets(namespace).Create(ctx, set, metav1.CreateOptions{}); err != nil {
		return err
	}
	target := resource.NewQuantity(loadTarget, resource.DecimalSI)
	hpa := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "StatefulSet", Name: name},
		MinReplicas:    &replicas, MaxReplicas: 5,
		Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
			DescribedObject: autoscalingv2.CrossVersionObjectReference{APIVersion: redises.GroupVersion().String(), Kind: "Redis", Name: name},
			Metric:          autoscalingv2.MetricIdentifier{Name: "requests-per-second"},
			Target:          autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: target},
		}}},
	}}
	_, err := h.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Create(ctx, hpa, metav1.CreateOptions{})
	return err
}

// dismiss deletes what scale made.
func (h *harness) dismiss(ctx context.Context) error {
	everything := metav1.ListOptions{}
	return errors.Join(
		h.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, everything),
		h.client.AppsV1().StatefulSets(namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, everything),
	)
}
