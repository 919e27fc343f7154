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

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// share is how many jobs one replica is for, as many as a step of the load adds.
	share = 10
	// most is the largest number of replicas, which two hours of steps demand.
	most    = 500
	looking = 200 * time.Millisecond
)

// autoscaled compares the replicas that the HorizontalPodAutoscalers ask for with the truth. There is one for each lane
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

// autoscaler is the HorizontalPodAutoscaler of a StatefulSet, without any stabilization.
const autoscaler = `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: %[1]s}
  minReplicas: 0
  maxReplicas: %[2]d
  behavior:
    scaleUp: {stabilizationWindowSeconds: 0, policies: [{type: Pods, value: %[2]d, periodSeconds: 1}]}
    scaleDown: {stabilizationWindowSeconds: 0, policies: [{type: Pods, value: %[2]d, periodSeconds: 1}]}
  metrics:
  - type: Object
    object:
      describedObject: {apiVersion: redis-metrics.dev/v1alpha1, kind: Redis, name: %[1]s}
      metric: {name: %[3]s}
      target: {type: AverageValue, averageValue: "%[4]d"}
`

func autoscale(t *testing.T, w *fixture) *autoscaled {
	t.Helper()
	a := &autoscaled{verifier: w.verifier, client: w.client, namespace: w.namespace, replicas: map[string]int{}, reached: map[string]bool{}}
	var manifests strings.Builder
	for _, one := range w.lanes {
		if one.scope != faults.Object && one.scope != faults.Name {
			manifests.WriteString(cluster.StatefulSet(one.Object))
			fmt.Fprintf(&manifests, autoscaler, one.Object, most, verifier.Backlog, share)
			a.replicas[one.Object] = 0
		}
	}
	if _, err := w.plane.KubectlInput(t.Context(), strings.NewReader(manifests.String()), "create", "--namespace="+w.namespace, "-f", "-"); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *autoscaled) watch(ctx context.Context) {
	wait.NonSlidingUntilWithContext(ctx, a.look, looking)
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

// hold compares replicas with the least that the truth demanded while the autoscaler may have looked last.
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
	// late is what the controller is now and then, whatever the adapter answers: the verifier checks the answers.
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
