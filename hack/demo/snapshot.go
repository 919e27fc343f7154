package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	metrics "k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"

	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
)

const metricPath = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/" + namespace +
	"/redises.redis-metrics.dev/" + redisName + "/" + metricName

type snapshot struct {
	at        time.Time
	served    traffic.Value
	servedErr error // why there is no served number
	hpa       hpaState
	replicas  int32
	ready     int32
	decisions []string // what the HPA decided since the snapshot before
}

type hpaState struct {
	desired, min, max int32
	target            float64 // requests per second and replica; 0 for a target of another form
	active            bool    // it reads the metric
	reason            string  // the reason and message of the condition that matters
	message           string
}

// watcher reads the cluster. It is used by one goroutine.
type watcher struct {
	client kubernetes.Interface
	seen   map[string]int32 // how often an event had occurred when it was last seen
}

func newWatcher(config *rest.Config) (*watcher, error) {
	client, err := kubernetes.NewForConfig(config)
	return &watcher{client: client, seen: map[string]int32{}}, err
}

func (w *watcher) look(ctx context.Context) (snapshot, error) {
	s := snapshot{at: time.Now()}
	s.served, s.servedErr = w.metric(ctx)
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

// metric asks the API server for the number, exactly as the HPA controller does.
func (w *watcher) metric(ctx context.Context) (traffic.Value, error) {
	result := w.client.CoreV1().RESTClient().Get().AbsPath(metricPath).SetHeader("Accept", "application/json").Do(ctx)
	if err := result.Error(); err != nil {
		return traffic.Value{}, err
	}
	body, err := result.Raw()
	if err != nil {
		return traffic.Value{}, err
	}
	var list metrics.MetricValueList
	if err := json.Unmarshal(body, &list); err != nil {
		return traffic.Value{}, err
	}
	if len(list.Items) != 1 || list.Items[0].WindowSeconds == nil {
		return traffic.Value{}, fmt.Errorf("the adapter answered with %d values, want one with a window", len(list.Items))
	}
	item := list.Items[0]
	return traffic.Value{
		PerSecond: item.Value.AsApproximateFloat64(),
		At:        item.Timestamp.Time,
		Window:    time.Duration(*item.WindowSeconds) * time.Second,
	}, nil
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
