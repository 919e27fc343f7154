package hpa

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	scalefake "k8s.io/client-go/scale/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	defaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa/hpatest"
)

var (
	cases = flag.Int("cases", 500, "how many random cases to play")
	first = flag.Uint64("first", 1, "the seed of the first case; the others follow it")
)

const syncs = 80

func TestMain(m *testing.M) {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	utilruntime.ErrorHandlers = nil // they log, and sleep on the clock of the bubble
	os.Exit(m.Run())
}

// TestController plays random cases to the controller and to pkg/hpa.
func TestController(t *testing.T) {
	options := hpatest.Options{
		Syncs: syncs, MaxReplicas: 30, Interventions: true,
		// Some are multiples of the sync period, so that ages lie exactly on the bound.
		Seconds: []int32{1, 15, 20, 30, 45, 50, 60, 100, 120, 180, 300, 600},
	}
	var compared, rescaled, unknown, limited, stabilized atomic.Int64
	t.Run("cases", func(t *testing.T) {
		for seed := *first; seed < *first+uint64(*cases); seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					for _, decision := range play(t, seed, hpatest.New(seed, options)) {
						compared.Add(1)
						count(&rescaled, decision, autoscalingv2.AbleToScale, "SucceededRescale")
						count(&stabilized, decision, autoscalingv2.AbleToScale, "ScaleDownStabilized", "ScaleUpStabilized")
						count(&unknown, decision, autoscalingv2.ScalingActive, "FailedGetObjectMetric")
						count(&limited, decision, autoscalingv2.ScalingLimited, "ScaleUpLimit", "ScaleDownLimit")
					}
				})
			})
		}
	})
	t.Logf("%d syncs are equal; of these %d changed the scale, %d followed a stabilization window, %d were limited in their rate, %d found the metrics unknown",
		compared.Load(), rescaled.Load(), stabilized.Load(), limited.Load(), unknown.Load())
	if want := int64(*cases * syncs); !t.Failed() && compared.Load() != want {
		t.Errorf("%d syncs were compared, want %d", compared.Load(), want)
	}
}

func count(counter *atomic.Int64, decision hpa.Decision, kind autoscalingv2.HorizontalPodAutoscalerConditionType, reasons ...string) {
	if condition, found := decision.Conditions.Get(kind); found && slices.Contains(reasons, condition.Reason) {
		counter.Add(1)
	}
}

// play compares each sync of a case, and returns the decisions.
func play(t *testing.T, seed uint64, c hpatest.Case) (decisions []hpa.Decision) {
	random := rand.New(rand.NewPCG(seed, 1))
	settings := hpa.DefaultController()
	settings.DownscaleStabilization = []time.Duration{0, 15 * time.Second, 50 * time.Second, 5 * time.Minute}[random.IntN(4)]
	settings.Tolerance = []float64{0.1, 0.1, 0.2, 0}[random.IntN(4)]
	period := []time.Duration{15 * time.Second, 15 * time.Second, 5 * time.Second, 7 * time.Second}[random.IntN(4)]

	simulated, err := hpa.New(settings, c.HPA)
	if err != nil {
		t.Fatalf("the case is refused: %v", err)
	}
	w := newWorkload(c, random)
	client := w.run(t, c, settings, period)
	for sync := range c.Values {
		if replicas, found := c.Interventions[sync]; found && sync > 0 {
			w.scale.Spec.Replicas = replicas
		}
		if sync > 0 {
			<-time.After(period)
		} else {
			<-time.After(time.Second) // by then the informers have synced
		}
		synctest.Wait()
		if len(w.observations) != sync+1 {
			t.Fatalf("the controller has synced %d times, want %d", len(w.observations), sync+1)
		}
		observed := w.observations[sync]
		decision := simulated.Sync(observed)
		decisions = append(decisions, decision)
		written, err := client.AutoscalingV2().HorizontalPodAutoscalers(c.HPA.Namespace).Get(t.Context(), c.HPA.Name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if problem := hpatest.Differ(decision, w.scale.Spec.Replicas, written.Status); problem != "" {
			t.Fatalf("sync %d: %s\nobserved %+v\ndecision %+v\nstatus %+v\nspec %+v", sync, problem, observed, decision, written.Status, c.HPA.Spec)
		}
	}
	return decisions
}

// workload is the scale target and the metrics of a case. The controller reads them
// through fake clients, and each read of the scale begins a sync.
type workload struct {
	metrics.MetricsClient
	values       [][]hpa.Value
	random       *rand.Rand
	scale        autoscalingv1.Scale
	readyAfter   time.Duration
	lags         bool
	pods         cache.Indexer
	observations []hpa.Observation
}

func newWorkload(c hpatest.Case, random *rand.Rand) *workload {
	return &workload{
		values: c.Values, random: random,
		readyAfter: []time.Duration{0, 0, 10 * time.Second, time.Minute}[random.IntN(4)],
		lags:       random.IntN(3) == 0,
		scale: autoscalingv1.Scale{
			ObjectMeta: metav1.ObjectMeta{Name: c.HPA.Name, Namespace: c.HPA.Namespace},
			Spec:       autoscalingv1.ScaleSpec{Replicas: c.Replicas},
			Status:     autoscalingv1.ScaleStatus{Replicas: c.Replicas, Selector: "app=redis"},
		},
	}
}

// run starts the controller, which ends with the test.
func (w *workload) run(t *testing.T, c hpatest.Case, settings hpa.Controller, period time.Duration) *fake.Clientset {
	ctx, cancel := context.WithCancel(t.Context())
	object := c.HPA.DeepCopy()
	defaults.SetDefaults_HorizontalPodAutoscaler(object) // as the API server does
	client := fake.NewSimpleClientset(object)
	scales := &scalefake.FakeScaleClient{}
	scales.AddReactor("get", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		w.observe()
		return true, w.scale.DeepCopy(), nil
	})
	scales.AddReactor("update", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		w.scale.Spec.Replicas = action.(clienttesting.UpdateAction).GetObject().(*autoscalingv1.Scale).Spec.Replicas
		return true, w.scale.DeepCopy(), nil
	})
	apps := schema.GroupVersion{Group: "apps", Version: "v1"}
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{apps})
	mapper.Add(apps.WithKind("StatefulSet"), meta.RESTScopeNamespace)
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods()
	controller := podautoscaler.NewHorizontalController(ctx, client.CoreV1(), scales, client.AutoscalingV2(), mapper, w,
		factory.Autoscaling().V2().HorizontalPodAutoscalers(), pods, period, settings.DownscaleStabilization, settings.Tolerance, 5*time.Minute, 30*time.Second)
	w.pods = pods.Informer().GetIndexer()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		controller.Run(ctx, 1)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		factory.Shutdown()
	})
	return client
}

// observe brings the workload to the present, and notes what this sync reads of it.
func (w *workload) observe() {
	now, sync := time.Now(), len(w.observations)
	if !w.lags || w.random.IntN(2) == 0 {
		w.scale.Status.Replicas = w.scale.Spec.Replicas
	}
	ready := w.follow(now)
	values := w.values[min(sync, len(w.values)-1)]
	w.observations = append(w.observations, hpa.Observation{
		Time: now, Replicas: w.scale.Spec.Replicas, StatusReplicas: w.scale.Status.Replicas,
		Pods: int32(len(w.pods.List())), ReadyPods: ready, Values: values,
	})
}

// follow adds and removes pods as a StatefulSet does, and returns how many are ready.
func (w *workload) follow(now time.Time) (ready int32) {
	for ordinal := range max(w.scale.Status.Replicas, int32(len(w.pods.List()))) {
		key := cache.ObjectName{Namespace: w.scale.Namespace, Name: fmt.Sprintf("redis-%d", ordinal)}
		found, exists, _ := w.pods.GetByKey(key.String())
		pod, _ := found.(*corev1.Pod)
		if ordinal >= w.scale.Status.Replicas {
			_ = w.pods.Delete(pod)
			continue
		}
		if !exists {
			pod = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
				Namespace: key.Namespace, Name: key.Name, Labels: map[string]string{"app": "redis"}, CreationTimestamp: metav1.NewTime(now),
			}}
		}
		pod = pod.DeepCopy()
		status := corev1.ConditionFalse
		if now.Sub(pod.CreationTimestamp.Time) >= w.readyAfter {
			status = corev1.ConditionTrue
			ready++
		}
		pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}}
		_ = w.pods.Update(pod)
	}
	return ready
}

// GetObjectMetric answers with the value of this sync.
func (w *workload) GetObjectMetric(name, _ string, _ *autoscalingv2.CrossVersionObjectReference, _ labels.Selector) (int64, time.Time, error) {
	var index int
	if _, err := fmt.Sscanf(name, "metric-%d", &index); err != nil {
		return 0, time.Time{}, err
	}
	value := w.observations[len(w.observations)-1].Values[index]
	if value.Unknown {
		return 0, time.Time{}, errors.New("the value is unknown")
	}
	return value.Milli, time.Now(), nil
}
