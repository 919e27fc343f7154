package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

type snapshot struct {
	at        time.Time
	sent      float64 // requests per second, now
	served    verifier.Answer
	hpa       hpaState
	replicas  int32
	ready     int32
	decisions []string // what the HPA decided since the snapshot before
}

// answered is how long ago all commands were answered that were sent before.
const answered = 100 * time.Millisecond

type hpaState struct {
	desired, min, max int32
	target            float64 // requests per second and replica; 0 for a target of another form
	active            bool    // it reads the metric
	reason            string  // the reason and message of the condition that matters
	message           string
}

// watcher reads the cluster, and compares what is served with what was sent. It is used by one goroutine.
type watcher struct {
	client   kubernetes.Interface
	metrics  *verifier.API
	verifier *verifier.Verifier
	truth    *verifier.Truth
	seen     map[string]int32 // how often an event had occurred when it was last seen
}

func newWatcher(config *rest.Config) (*watcher, error) {
	w := &watcher{verifier: verifier.New(verifier.Defaults()), truth: &verifier.Truth{}, seen: map[string]int32{}}
	w.verifier.Expect(redisName, []verifier.Expectation{verifier.SoleLoad()})
	w.verifier.Bind(redisName, verifier.Span{}, w.truth)
	var errMetrics, errClient error
	w.metrics, errMetrics = verifier.NewAPI(config, namespace)
	w.client, errClient = kubernetes.NewForConfig(config)
	return w, errors.Join(errMetrics, errClient)
}

func (w *watcher) look(ctx context.Context) (snapshot, error) {
	s := snapshot{at: time.Now()}
	s.sent = w.truth.Requests(verifier.Span{From: s.at.Add(-time.Second - answered), To: s.at.Add(-answered)})
	if s.served = verifier.Ask(ctx, w.metrics, redisName, verifier.SoleLoad()); s.served.Err == nil {
		w.verifier.Add(s.served)
	}
	set, err := w.client.AppsV1().StatefulSets(namespace).Get(ctx, statefulSetName, metav1.GetOptions{})
	if err != nil {
		return s, fmt.Errorf("look at the StatefulSet: %w", err)
	}
	s.replicas, s.ready = *set.Spec.Replicas, set.Status.ReadyReplicas
	hpa, err := w.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(ctx, hpaName, metav1.GetOptions{})
	if err != nil {
		return s, fmt.Errorf("look at the HPA: %w", err)
	}
	s.hpa = describe(hpa)
	s.decisions, err = w.newDecisions(ctx)
	return s, err
}

func describe(hpa *autoscalingv2.HorizontalPodAutoscaler) hpaState {
	state := hpaState{desired: hpa.Status.DesiredReplicas, min: 1, max: hpa.Spec.MaxReplicas}
	if hpa.Spec.MinReplicas != nil {
		state.min = *hpa.Spec.MinReplicas
	}
	if len(hpa.Spec.Metrics) == 1 && hpa.Spec.Metrics[0].Object != nil && hpa.Spec.Metrics[0].Object.Target.AverageValue != nil {
		state.target = hpa.Spec.Metrics[0].Object.Target.AverageValue.AsApproximateFloat64()
	}
	for _, condition := range hpa.Status.Conditions {
		switch condition.Type {
		case autoscalingv2.ScalingActive:
			state.active = condition.Status == corev1.ConditionTrue
			if !state.active {
				state.reason, state.message = condition.Reason, condition.Message
				return state
			}
		case autoscalingv2.AbleToScale:
			state.reason, state.message = condition.Reason, condition.Message
		}
	}
	return state
}

func (w *watcher) newDecisions(ctx context.Context) ([]string, error) {
	events, err := w.client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{
		FieldSelector: "involvedObject.kind=HorizontalPodAutoscaler,involvedObject.name=" + hpaName,
	})
	if err != nil {
		return nil, fmt.Errorf("look at the HPA's events: %w", err)
	}
	var decisions []string
	for _, event := range events.Items {
		id := string(event.UID)
		if event.Reason != "SuccessfulRescale" || w.seen[id] == event.Count {
			continue
		}
		w.seen[id] = event.Count
		decisions = append(decisions, event.Message)
	}
	return decisions, nil
}
