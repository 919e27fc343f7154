package server

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/component-base/metrics"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/provider"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/sampler"
)

const namespace = "redis_metrics_adapter"

// Metrics are the adapter's own metrics. They name no object: their number does
// not grow with the number of Redis objects. All methods are safe for concurrent use.
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
func NewMetrics(register func(metrics.Registerable) error) (*Metrics, error) {
	m := &Metrics{
		targets: metrics.NewGaugeVec(&metrics.GaugeOpts{
			Namespace: namespace, Name: "targets", StabilityLevel: metrics.ALPHA,
			Help: "Redis objects by how the newest attempt to sample them ended: Sampled, Failing, or Pending before the first.",
		}, []string{"state"}),
		attempts: metrics.NewCounterVec(&metrics.CounterOpts{
			Namespace: namespace, Name: "sampling_attempts_total", StabilityLevel: metrics.ALPHA,
			Help: "Attempts to sample a Redis, by the reason why they failed, Succeeded if they did not.",
		}, []string{"result"}),
		took: metrics.NewHistogram(&metrics.HistogramOpts{
			Namespace: namespace, Name: "sampling_duration_seconds", StabilityLevel: metrics.ALPHA,
			Help:    "How long attempts to sample a Redis took.",
			Buckets: metrics.ExponentialBuckets(0.0005, 4, 9),
		}),
		late: metrics.NewHistogram(&metrics.HistogramOpts{
			Namespace: namespace, Name: "sampling_lateness_seconds", StabilityLevel: metrics.ALPHA,
			Help:    "How long after they were due attempts to sample a Redis began.",
			Buckets: metrics.ExponentialBuckets(0.0005, 2, 16),
		}),
		values: metrics.NewCounterVec(&metrics.CounterOpts{
			Namespace: namespace, Name: "values_total", StabilityLevel: metrics.ALPHA,
			Help: "Metric values that the API was asked for, by the cause why none was served, Served if one was.",
		}, []string{"result"}),
		age: metrics.NewHistogram(&metrics.HistogramOpts{
			Namespace: namespace, Name: "value_age_seconds", StabilityLevel: metrics.ALPHA,
			Help:    "How old the samples in served values were.",
			Buckets: metrics.ExponentialBuckets(0.5, 2, 10),
		}),
		foreign: metrics.NewGaugeVec(&metrics.GaugeOpts{
			Namespace: namespace, Name: "apiservice_foreign", StabilityLevel: metrics.ALPHA,
			Help: "1 if an APIService of the custom metrics API belongs to another Service, so that its requests do not come here.",
		}, []string{"apiservice"}),
		enforced: metrics.NewGaugeVec(&metrics.GaugeOpts{
			Namespace: namespace, Name: "admission_policy_enforced", StabilityLevel: metrics.ALPHA,
			Help: "1 if the API server enforces an admission policy of the adapter, 0 if it or its binding is missing or leaves something out.",
		}, []string{"policy"}),
		fellBack: metrics.NewCounterVec(&metrics.CounterOpts{
			Namespace: namespace, Name: "fallback_values_total", StabilityLevel: metrics.ALPHA,
			Help: "Metric values, of those served, that were unknown and came from spec.fallback, by its type.",
		}, []string{"type"}),
		falling: metrics.NewGauge(&metrics.GaugeOpts{
			Namespace: namespace, Name: "fallback_targets", StabilityLevel: metrics.ALPHA,
			Help: "Redis objects that had a metric served by spec.fallback when the newest attempt to sample them ended.",
		}),
	}
	var errs []error
	for _, each := range []metrics.Registerable{m.targets, m.attempts, m.took, m.late, m.values, m.age, m.foreign, m.enforced, m.fellBack, m.falling} {
		errs = append(errs, register(each))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("registering the adapter's own metrics: %w", err)
	}
	return m, nil
}

// Targets implements sampler.Observer.
func (m *Metrics) Targets(state sampler.State, n int) {
	m.targets.WithLabelValues(string(state)).Set(float64(n))
}

// Attempted implements sampler.Observer.
func (m *Metrics) Attempted(late, took time.Duration, failure reason.Reason) {
	if failure == "" {
		failure = "Succeeded"
	}
	m.attempts.WithLabelValues(string(failure)).Inc()
	m.took.Observe(took.Seconds())
	m.late.Observe(late.Seconds())
}

// Answered implements provider.Observer.
func (m *Metrics) Answered(cause provider.Cause, values int) {
	if cause == "" {
		cause = "Served"
	}
	m.values.WithLabelValues(string(cause)).Add(float64(values))
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
