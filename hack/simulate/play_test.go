package simulate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa/hpatest"
)

// nearBound is how near to a sync a window or a period may end for the comparison
// to be without a verdict: so much later the controller may read its clock.
const nearBound = 400 * time.Millisecond

// play is one HPA on the control plane, and what was seen of it.
type play struct {
	name   string
	c      hpatest.Case
	client kubernetes.Interface

	mu    sync.Mutex
	syncs []observedSync
	err   error
}

// observedSync is what a sync of the controller saw, and what the one before it had
// decided by then.
type observedSync struct {
	hpa.Observation
	settled bool
	before  autoscalingv2.HorizontalPodAutoscalerStatus
}

// asked returns the value of a metric. The first metric begins a sync.
func (p *play) asked(ctx context.Context, index int) (hpa.Value, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if index == 0 {
		sync, err := p.look(ctx)
		if err != nil {
			p.err = errors.Join(p.err, err)
			return hpa.Value{}, err
		}
		sync.Values = p.c.Values[min(len(p.syncs), len(p.c.Values)-1)]
		p.syncs = append(p.syncs, sync)
	}
	if len(p.syncs) == 0 {
		return hpa.Value{}, errors.New("a sync began with another metric than the first")
	}
	return p.syncs[len(p.syncs)-1].Values[index], nil
}

// answered notes when the latest metric of the sync was answered.
func (p *play) answered(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.syncs) > 0 {
		p.syncs[len(p.syncs)-1].Time = at
	}
}

func (p *play) look(ctx context.Context) (observedSync, error) {
	object, err := p.client.AutoscalingV2().HorizontalPodAutoscalers(metav1.NamespaceDefault).Get(ctx, p.name, metav1.GetOptions{})
	if err != nil {
		return observedSync{}, err
	}
	set, err := p.client.AppsV1().StatefulSets(metav1.NamespaceDefault).Get(ctx, p.name, metav1.GetOptions{})
	if err != nil {
		return observedSync{}, err
	}
	pods, err := p.client.CoreV1().Pods(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{LabelSelector: "app=" + p.name, ResourceVersion: "0"})
	if err != nil {
		return observedSync{}, err
	}
	sync := observedSync{before: object.Status, Observation: hpa.Observation{
		Replicas: *set.Spec.Replicas, StatusReplicas: set.Status.Replicas, Pods: int32(len(pods.Items)),
	}}
	for _, pod := range pods.Items {
		if ready(pod) {
			sync.ReadyPods++
		}
	}
	sync.settled = !slices.ContainsFunc([]int32{sync.StatusReplicas, sync.Pods, sync.ReadyPods}, func(count int32) bool { return count != sync.Replicas })
	return sync, nil
}

func ready(pod corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodRunning && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// count returns how many syncs have begun.
func (p *play) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.syncs)
}

// verdict is what the comparison of an HPA has come to.
type verdict struct {
	equal, rescaled, unknown int
	open                     int // syncs without a verdict
	why                      string
}

// compare plays the observations to pkg/hpa. The last sync is not compared: what it
// decided was not seen.
func (p *play) compare(settings hpa.Controller) (v verdict, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return v, p.err
	}
	autoscaler, err := hpa.New(settings, p.c.HPA)
	if err != nil {
		return v, err
	}
	last := min(len(p.syncs), len(p.c.Values)) - 1
	for i, sync := range p.syncs[:max(last, 0)] {
		decision := autoscaler.Sync(sync.Observation)
		next := p.syncs[i+1]
		problem := hpatest.Differ(decision, next.Replicas, next.before)
		if problem == "" {
			v.equal++
			active, _ := decision.Conditions.Get(autoscalingv2.ScalingActive)
			if active.Reason == "FailedGetObjectMetric" {
				v.unknown++
			}
			if decision.Desired != sync.Replicas {
				v.rescaled++
			}
			continue
		}
		if why := p.inexact(i); why != "" {
			v.open, v.why = last-i, fmt.Sprintf("sync %d: %s: %s", i, why, problem)
			return v, nil
		}
		return v, fmt.Errorf("sync %d: %s\nobserved %+v\ndecision %+v\nspec %+v", i, problem, sync.Observation, decision, p.c.HPA.Spec)
	}
	return v, nil
}

// inexact says what of a sync the test cannot know exactly, if anything.
func (p *play) inexact(index int) string {
	sync := p.syncs[index]
	if !sync.settled {
		return "the workload was changing"
	}
	for _, earlier := range p.syncs[:index] {
		for _, seconds := range bounds(p.c.HPA.Spec.Behavior) {
			if distance := sync.Time.Sub(earlier.Time) - time.Duration(seconds)*time.Second; distance.Abs() < nearBound {
				return fmt.Sprintf("a window or period of %d s ended", seconds)
			}
		}
	}
	return ""
}

// bounds returns the lengths of all windows and periods, with those of defaults.
func bounds(behavior *autoscalingv2.HorizontalPodAutoscalerBehavior) []int32 {
	seconds := []int32{int32(stabilization / time.Second), 15}
	if behavior == nil {
		return seconds
	}
	for _, rules := range []*autoscalingv2.HPAScalingRules{behavior.ScaleUp, behavior.ScaleDown} {
		if rules == nil {
			continue
		}
		if rules.StabilizationWindowSeconds != nil {
			seconds = append(seconds, *rules.StabilizationWindowSeconds)
		}
		for _, policy := range rules.Policies {
			seconds = append(seconds, policy.PeriodSeconds)
		}
	}
	return seconds
}

// create creates the workload and, once it is settled, the HPA.
func (p *play) create(ctx context.Context, wait func(func() error) error) error {
	labels := map[string]string{"app": p.name}
	set := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: p.name},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &p.c.Replicas, PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app"}}},
			},
		},
	}
	sets := p.client.AppsV1().StatefulSets(metav1.NamespaceDefault)
	if _, err := sets.Create(ctx, set, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := wait(func() error {
		set, err := sets.Get(ctx, p.name, metav1.GetOptions{})
		if err == nil && set.Status.ReadyReplicas != p.c.Replicas {
			err = fmt.Errorf("%d of %d replicas of %s are ready", set.Status.ReadyReplicas, p.c.Replicas, p.name)
		}
		return err
	}); err != nil {
		return err
	}
	_, err := p.client.AutoscalingV2().HorizontalPodAutoscalers(metav1.NamespaceDefault).Create(ctx, p.c.HPA, metav1.CreateOptions{})
	return err
}
