package provider

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Targets says from memory which objects exist. *target.Index implements it.
type Targets interface {
	Get(name types.NamespacedName) (*target.Target, bool)
	// Select returns targets ordered by namespace and name.
	Select(namespace string, selector labels.Selector) []*target.Target
	// Current returns an error if objects may have changed since the API server last
	// reported them.
	Current() error
}

// Observer receives every requested value, for the adapter's own metrics.
type Observer interface {
	// Answered records how many values were not served for a cause, or were served if it is empty.
	Answered(cause Cause, values int)
	// Served records how old the oldest sample in a served value is.
	Served(age time.Duration)
	// FellBack records that a fallback of a type served a value.
	FellBack(by v1alpha1.FallbackType)
	// InFallback records for how many targets a fallback answers. It must return at
	// once.
	InFallback(n int)
}

// Provider implements provider.CustomMetricsProvider.
type Provider struct {
	targets   Targets
	histories *history.Store
	catalog   *catalog.Catalog
	observer  Observer
	infos     []provider.CustomMetricInfo
	memory    lastValues
}

// New returns a Provider of the metrics in a catalog.
func New(targets Targets, histories *history.Store, metrics *catalog.Catalog, observer Observer) *Provider {
	p := &Provider{targets: targets, histories: histories, catalog: metrics, observer: observer, memory: lastValues{pasts: map[string]*objectValues{}}}
	for _, m := range metrics.All() {
		p.infos = append(p.infos, provider.CustomMetricInfo{GroupResource: v1alpha1.GroupResource(), Namespaced: true, Metric: m.Name})
	}
	return p
}

// ListAllMetrics returns the names of all metrics. They do not depend on which objects exist.
func (p *Provider) ListAllMetrics() []provider.CustomMetricInfo {
	return p.infos
}

// GetMetricByName returns the value of a metric of one object.
func (p *Provider) GetMetricByName(_ context.Context, name types.NamespacedName, info provider.CustomMetricInfo, selector labels.Selector) (*custom_metrics.MetricValue, error) {
	if info.GroupResource != v1alpha1.GroupResource() {
		return nil, p.record(UnknownResource(info.GroupResource))
	}
	if name.Namespace == "" {
		return nil, p.record(rootScoped(info, name.Name))
	}
	if err := p.targets.Current(); err != nil {
		return nil, p.record(notCurrent(name.Name, err))
	}
	t, ok := p.targets.Get(name)
	if !ok {
		return nil, p.record(noObject(name.Name))
	}
	read, ok := p.metric(t, info.Metric)
	if !ok {
		return nil, p.record(noMetric(info, t))
	}
	a := newQuery(info.Metric, selector, time.Now())
	value, err := p.value(t, read, &a)
	if err := p.record(err); err != nil {
		return nil, err
	}
	return &value, nil
}

// GetMetricBySelector returns the values of a metric for the objects of a namespace
// whose labels match, ordered by namespace and name. Objects without the metric are
// left out.
func (p *Provider) GetMetricBySelector(_ context.Context, namespace string, selector labels.Selector, info provider.CustomMetricInfo, metricSelector labels.Selector) (*custom_metrics.MetricValueList, error) {
	if info.GroupResource != v1alpha1.GroupResource() {
		return nil, p.record(UnknownResource(info.GroupResource))
	}
	if err := p.targets.Current(); err != nil {
		return nil, p.record(notCurrent(info.Metric, err))
	}
	if namespace == "*" { // as a client writes it
		namespace = metav1.NamespaceAll
	}
	a := newQuery(info.Metric, metricSelector, time.Now())
	targets := p.targets.Select(namespace, selector)
	list := &custom_metrics.MetricValueList{Items: make([]custom_metrics.MetricValue, 0, len(targets))}
	asked := 0
	var unserved error
	for _, t := range targets {
		read, ok := p.metric(t, info.Metric)
		if !ok {
			continue
		}
		asked++
		value, err := p.value(t, read, &a)
		if err != nil {
			unserved = p.record(err)
			continue
		}
		list.Items = append(list.Items, value)
	}
	served := len(list.Items)
	if served > 0 {
		p.observer.Answered("", served)
	}
	switch _, exists := p.catalog.Lookup(info.Metric); {
	case !exists && asked == 0:
		return nil, p.record(noMetric(info, nil))
	case served == 0 && unserved != nil:
		return nil, allUnknown(info.Metric, asked, unserved)
	}
	return list, nil
}

// query is a request for a metric of one target or of many.
type query struct {
	metric   string
	selector labels.Selector
	query    catalog.Query
	// identifier names the metric in each value. If it cannot, err says why.
	identifier custom_metrics.MetricIdentifier
	err        error
}

func newQuery(metric string, selector labels.Selector, now time.Time) query {
	a := query{metric: metric, selector: selector, query: catalogQuery(selector, now)}
	a.identifier, a.err = identify(metric, selector)
	return a
}

func catalogQuery(selector labels.Selector, now time.Time) catalog.Query {
	query := catalog.Query{Now: now}
	if selector != nil {
		requirements, _ := selector.Requirements()
		query.Selector = catalog.Selector(requirements)
	}
	return query
}

// value returns the value of a metric of a target in the form of the API.
func (p *Provider) value(t *target.Target, read catalog.Reader, a *query) (custom_metrics.MetricValue, error) {
	if a.err != nil {
		return custom_metrics.MetricValue{}, unknown(a.metric, t.Name, a.err)
	}
	served, err := p.answer(t, read, a)
	if err != nil {
		return custom_metrics.MetricValue{}, unknown(a.metric, t.Name, err)
	}
	p.observer.Served(a.query.Now.Sub(served.at))
	return custom_metrics.MetricValue{
		DescribedObject: custom_metrics.ObjectReference{
			Kind:       v1alpha1.Kind,
			APIVersion: v1alpha1.GroupName + "/" + v1alpha1.Version,
			Namespace:  t.Namespace,
			Name:       t.Name,
			UID:        t.UID,
		},
		Metric:        a.identifier,
		Timestamp:     metav1.NewTime(served.at),
		WindowSeconds: served.window,
		Value:         served.quantity,
	}, nil
}

// known returns the value of a metric at the instant of a query.
func (p *Provider) known(t *target.Target, read catalog.Reader, query catalog.Query) (answer, error) {
	query.Database = t.Database
	reading, err := read(p.histories.Get(t.ID()), query)
	if err != nil {
		return answer{}, err
	}
	quantity, err := quantityOf(reading.Value)
	if err != nil {
		return answer{}, err
	}
	return answer{quantity: quantity, at: reading.At, window: new(int64(reading.Window.Round(time.Second) / time.Second))}, nil
}

// Unknown returns why a metric of a target has no value at an instant, nil if it has
// one. Fallbacks do not count. If samples are missing, the error is a
// *history.UnknownError.
func (p *Provider) Unknown(t *target.Target, metric string, at time.Time) error {
	read, ok := p.metric(t, metric)
	if !ok {
		return noMetric(provider.CustomMetricInfo{Metric: metric}, t)
	}
	_, err := p.known(t, read, catalogQuery(nil, at))
	return err
}

func (p *Provider) record(err error) error {
	p.observer.Answered(causeOf(err), 1)
	return err
}

// identify names a metric as the response states it, with the selector of the request.
func identify(name string, selector labels.Selector) (custom_metrics.MetricIdentifier, error) {
	identifier := custom_metrics.MetricIdentifier{Name: name}
	if selector == nil || selector.Empty() {
		return identifier, nil
	}
	parsed, err := metav1.ParseToLabelSelector(spelled(selector).String())
	identifier.Selector = parsed
	return identifier, err
}

// spelled writes != as notin, because a LabelSelector has no operator for it.
// Source: LabelSelectorOperator in k8s.io/apimachinery/pkg/apis/meta/v1.
func spelled(selector labels.Selector) labels.Selector {
	requirements, _ := selector.Requirements()
	for i, r := range requirements {
		if r.Operator() != selection.NotEquals {
			continue
		}
		if notIn, err := labels.NewRequirement(r.Key(), selection.NotIn, r.Values().List()); err == nil {
			requirements[i] = *notIn
		}
	}
	return labels.NewSelector().Add(requirements...)
}
