package ledger

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	"k8s.io/metrics/pkg/client/custom_metrics"
)

// autoscaler is whom the HorizontalPodAutoscaler asks as.
const autoscaler = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"

// asking bounds one question. The autoscaler's own client has no bound.
const asking = 3 * time.Second

// Poller asks for metrics as the HorizontalPodAutoscaler does, with its client, its rights and through the API server.
type Poller struct {
	ledger    *Ledger
	metrics   custom_metrics.CustomMetricsClient
	namespace string
}

// NewPoller returns a poller of the objects of a namespace, for an administrator's configuration.
func NewPoller(ledger *Ledger, config *rest.Config, namespace string) (*Poller, error) {
	config = rest.CopyConfig(config)
	config.Impersonate = rest.ImpersonationConfig{UserName: autoscaler}
	config.Timeout = asking
	config.QPS = -1
	group := schema.GroupVersion{Group: "redis-metrics.dev", Version: "v1alpha1"}
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{group})
	mapper.AddSpecific(group.WithKind("Redis"), group.WithResource("redises"), group.WithResource("redis"), meta.RESTScopeNamespace)
	client, err := custom_metrics.NewForVersionForConfig(config, mapper, v1beta2.SchemeGroupVersion)
	if err != nil {
		return nil, err
	}
	return &Poller{ledger: ledger, metrics: client, namespace: namespace}, nil
}

// Ask asks for some metrics of an object at each tick, in turn, until ctx ends, and gives the answers to the ledger.
func (p *Poller) Ask(ctx context.Context, object string, every time.Duration, metrics ...string) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if a := p.ask(object, metrics[n%len(metrics)]); ctx.Err() == nil {
			p.ledger.Add(a)
		}
	}
}

func (p *Poller) ask(object, metric string) Answer {
	a := Answer{Object: object, Metric: metric, Asked: time.Now()}
	kind := schema.GroupKind{Group: "redis-metrics.dev", Kind: "Redis"}
	value, err := p.metrics.NamespacedMetrics(p.namespace).GetForObject(kind, object, metric, labels.Everything())
	a.Answered = time.Now()
	if err != nil {
		a.Err = err
		return a
	}
	a.Value, a.At = value.Value.AsApproximateFloat64(), value.Timestamp.Time
	if value.WindowSeconds != nil {
		a.Window = time.Duration(*value.WindowSeconds) * time.Second
	}
	return a
}
