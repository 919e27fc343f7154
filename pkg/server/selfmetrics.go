package server

import (
	"cmp"
	"time"

	"k8s.io/component-base/metrics"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/provider"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/sampler"
)

const namespace = "redis_metrics_adapter"

// Metrics are the adapter's own metrics. They name no object, so their number does not
// grow with the number of Redis objects. All methods are safe for concurrent use.
type Metrics struct {
	targets  *metrics.GaugeVec
	attempts *metrics.CounterVec
	took     *metrics.Histogram
	late     *metrics.Histogram
	values   *metrics.CounterVec
	age      *metrics.Histogram
	foreign  *metrics.GaugeVec
	enforced *metrics.GaugeVec
	fellBack *metrics.CounterVec
	falling  *metrics.Gauge
}

// NewMetrics registers the adapter's own metrics.
func NewMetrics(register func(...metrics.Registerable)) *Metrics {
	r := registry(register)
	return &Metrics{
		targets: r.gauges("targets", "state",
			"Redis objects by how the newest attempt to sample them ended: Sampled, Failing, or Pending before the first."),
		attempts: r.counters("sampling_attempts_total", "result",
			"Attempts to sample a Redis, by the reason why they failed, Succeeded if they did not."),
		took: r.histogram("sampling_duration_seconds", metrics.ExponentialBuckets(0.0005, 4, 9),
			"How long attempts to sample a Redis took."),
		late: r.histogram("sampling_lateness_seconds", metrics.ExponentialBuckets(0.0005, 2, 16),
			"How long after they were due attempts to sample a Redis began."),
		values: r.counters("values_total", "result",
			"Metric values that the API was asked for, by the cause why none was served, Served if one was."),
		age: r.histogram("value_age_seconds", metrics.ExponentialBuckets(0.5, 2, 10),
			"How old the samples in served values were."),
		foreign: r.gauges("apiservice_foreign", "apiservice",
			"1 if an APIService of the custom metrics API belongs to another Service, so that its requests do not come here."),
		enforced: r.gauges("admission_policy_enforced", "policy",
			"1 if the API server enforces an admission policy of the adapter, 0 if it or its binding is missing or leaves something out."),
		fellBack: r.counters("fallback_values_total", "type",
			"Metric values, of those served, that were unknown and came from spec.fallback, by its type."),
		falling: r.gauge("fallback_targets",
			"Redis objects that had a metric served by spec.fallback when the newest attempt to sample them ended."),
	}
}

// registry makes metrics and registers them.
type registry func(...metrics.Registerable)

func (r registry) counters(name, label, help string) *metrics.CounterVec {
	m := metrics.NewCounterVec(&metrics.CounterOpts{Namespace: namespace, Name: name, StabilityLevel: metrics.ALPHA, Help: help}, []string{label})
	r(m)
	return m
}

func (r registry) gauges(name, label, help string) *metrics.GaugeVec {
	m := metrics.NewGaugeVec(&metrics.GaugeOpts{Namespace: namespace, Name: name, StabilityLevel: metrics.ALPHA, Help: help}, []string{label})
	r(m)
	return m
}

func (r registry) gauge(name, help string) *metrics.Gauge {
	m := metrics.NewGauge(&metrics.GaugeOpts{Namespace: namespace, Name: name, StabilityLevel: metrics.ALPHA, Help: help})
	r(m)
	return m
}

func (r registry) histogram(name string, buckets []float64, help string) *metrics.Histogram {
	m := metrics.NewHistogram(&metrics.HistogramOpts{Namespace: namespace, Name: name, StabilityLevel: metrics.ALPHA, Help: help, Buckets: buckets})
	r(m)
	return m
}

// Targets implements sampler.Observer.
func (m *Metrics) Targets(state sampler.State, n int) {
	m.targets.WithLabelValues(string(state)).Set(float64(n))
}

// Attempted implements sampler.Observer.
func (m *Metrics) Attempted(late, took time.Duration, failure reason.Reason) {
	m.attempts.WithLabelValues(string(cmp.Or(failure, "Succeeded"))).Inc()
	m.took.Observe(took.Seconds())
	m.late.Observe(late.Seconds())
}

// Answered implements provider.Observer.
func (m *Metrics) Answered(cause provider.Cause, values int) {
	m.values.WithLabelValues(string(cmp.Or(cause, "Served"))).Add(float64(values))
}

// Served implements provider.Observer.
func (m *Metrics) Served(age time.Duration) {
	m.age.Observe(age.Seconds())
}

// APIService implements servingcert.Observer.
func (m *Metrics) APIService(name string, foreign bool) {
	m.foreign.WithLabelValues(name).Set(oneIf(foreign))
}

// PolicyEnforced implements admissionpolicy.Observer.
func (m *Metrics) PolicyEnforced(policy string, enforced bool) {
	m.enforced.WithLabelValues(policy).Set(oneIf(enforced))
}

func oneIf(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}

// FellBack implements provider.Observer.
func (m *Metrics) FellBack(by v1alpha1.FallbackType) {
	m.fellBack.WithLabelValues(string(by)).Inc()
}

// InFallback implements provider.Observer.
func (m *Metrics) InFallback(n int) {
	m.falling.Set(float64(n))
}
