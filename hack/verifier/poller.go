package verifier

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	"k8s.io/metrics/pkg/client/custom_metrics"
)

const autoscaler = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"

// asking bounds one question. The autoscaler's own client has no bound.
const asking = 3 * time.Second

// Asker answers questions. window is 0 if the answer states none.
type Asker interface {
	Value(ctx context.Context, object string, q Expectation) (value float64, at time.Time, window time.Duration, err error)
}

// Poller asks questions, and passes the answers to a verifier.
type Poller struct {
	verifier *Verifier
	asker    Asker
	replica  string
}

// NewPoller returns a poller.
func NewPoller(verifier *Verifier, asker Asker) *Poller {
	return &Poller{verifier: verifier, asker: asker}
}

// NewReplicaPoller returns a poller that asks one replica of the adapter directly.
func NewReplicaPoller(verifier *Verifier, asker Asker, replica string) *Poller {
	return &Poller{verifier, asker, replica}
}

// AsAutoscaler returns an administrator's configuration with the identity of the HPA controller. The adapter treats
// requests made with it as the controller's, and samples in their rhythm. To measure or show the controller's own
// rhythm, use another identity.
func AsAutoscaler(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.Impersonate = rest.ImpersonationConfig{UserName: autoscaler}
	return config
}

// API requests metrics through the API server, with the client of the HPA controller.
type API struct {
	metrics custom_metrics.MetricsInterface
}

// NewAPI returns an API for the objects of a namespace.
func NewAPI(config *rest.Config, namespace string) (*API, error) {
	config = rest.CopyConfig(config)
	config.Timeout = asking
	config.QPS = -1
	group := schema.GroupVersion{Group: "redis-metrics.dev", Version: "v1alpha1"}
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{group})
	mapper.AddSpecific(group.WithKind("Redis"), group.WithResource("redises"), group.WithResource("redis"), meta.RESTScopeNamespace)
	client, err := custom_metrics.NewForVersionForConfig(config, mapper, v1beta2.SchemeGroupVersion)
	if err != nil {
		return nil, err
	}
	return &API{metrics: client.NamespacedMetrics(namespace)}, nil
}

// Ask asks an object at each tick until ctx ends, and passes the answers to the verifier: alternately for a metric that
// is requested often, and for one of all that are expected of the object.
func (p *Poller) Ask(ctx context.Context, object string, every time.Duration, often ...string) {
	questions := p.verifier.questions(object)
	often = slices.DeleteFunc(often, func(metric string) bool {
		return !slices.ContainsFunc(questions, func(e Expectation) bool { return e.String() == metric })
	})
	Paced(ctx, every, func(n int) {
		q := questions[n/2%len(questions)]
		if n%2 == 0 {
			q = Expectation{Metric: often[n/2%len(often)]}
		}
		a := Ask(ctx, p.asker, object, q)
		if a.Replica = p.replica; ctx.Err() == nil {
			p.verifier.Add(a)
		}
	})
}

// AskAll requests one metric of all objects at each tick, until ctx ends. It goes through its part of the metrics that
// are expected of several objects; other parts run concurrently.
func (p *Poller) AskAll(ctx context.Context, api *API, every time.Duration, part, parts int) {
	shared := p.verifier.shared()
	Paced(ctx, every, func(n int) {
		q := shared[(n*parts+part)%len(shared)]
		p.addAll(ctx, api, "", q)
	})
}

// AskReplicas asks several replicas of the adapter directly, at each tick, for the same metric of all objects, until
// ctx ends. It goes through all metrics that are expected of several objects.
func (p *Poller) AskReplicas(ctx context.Context, replicas map[string]*API, every time.Duration) {
	shared := p.verifier.shared()
	Paced(ctx, every, func(n int) {
		var asking sync.WaitGroup
		for replica, api := range replicas {
			asking.Go(func() { p.addAll(ctx, api, replica, shared[n%len(shared)]) })
		}
		asking.Wait()
	})
}

func (p *Poller) addAll(ctx context.Context, api *API, replica string, q sharedQuestion) {
	for _, a := range api.askAll(q.Expectation, q.objects) {
		if a.Replica = replica; ctx.Err() == nil {
			p.verifier.Add(a)
		}
	}
}

func kind() schema.GroupKind { return schema.GroupKind{Group: "redis-metrics.dev", Kind: "Redis"} }

// Ask asks one question.
func Ask(ctx context.Context, asker Asker, object string, q Expectation) Answer {
	a := Answer{Object: object, Metric: q.Metric, Selector: q.Selector, Asked: time.Now()}
	a.Value, a.At, a.Window, a.Err = asker.Value(ctx, object, q)
	a.Answered = time.Now()
	return a
}

// Value requests one metric of one object.
func (c *API) Value(_ context.Context, object string, q Expectation) (value float64, at time.Time, window time.Duration, err error) {
	selector, err := labels.Parse(q.Selector)
	if err != nil {
		return 0, at, 0, err
	}
	stated, err := c.metrics.GetForObject(kind(), object, q.Metric, selector)
	if err != nil {
		return 0, at, 0, err
	}
	value, at, window = read(stated)
	return value, at, window, nil
}

// askAll returns an answer for each object. A list has no errors of single objects.
func (c *API) askAll(q Expectation, objects []string) []Answer {
	asked := time.Now()
	selector, err := labels.Parse(q.Selector)
	var list *v1beta2.MetricValueList
	if err == nil {
		list, err = c.metrics.GetForObjects(kind(), labels.Everything(), q.Metric, selector)
	}
	answered := time.Now()
	left := errLeftOut
	values := map[string]*v1beta2.MetricValue{}
	switch {
	case err == nil:
		for n := range list.Items {
			values[list.Items[n].DescribedObject.Name] = &list.Items[n]
		}
	case leaks(Answer{Err: err}):
		left = err
	}
	answers := make([]Answer, 0, len(objects))
	for _, object := range objects {
		a := Answer{Object: object, Metric: q.Metric, Selector: q.Selector, Asked: asked, Answered: answered, Err: left}
		if value, ok := values[object]; ok {
			a.Err = nil
			a.Value, a.At, a.Window = read(value)
		}
		answers = append(answers, a)
	}
	return answers
}

func read(stated *v1beta2.MetricValue) (value float64, at time.Time, window time.Duration) {
	if stated.WindowSeconds != nil {
		window = time.Duration(*stated.WindowSeconds) * time.Second
	}
	return stated.Value.AsApproximateFloat64(), stated.Timestamp.Time, window
}
