package server

import (
	"net/http"
	"strconv"
	"time"

	"k8s.io/component-base/metrics"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/delegate"
)

// DelegateMetrics are the adapter's own metrics about its delegate. An adapter without
// a delegate has none of them. All methods are safe for concurrent use.
type DelegateMetrics struct {
	requests *metrics.CounterVec
	took     *metrics.Histogram
	failures *metrics.CounterVec
	listed   *metrics.Gauge
	refused  *metrics.Gauge
}

var _ delegate.Observer = (*DelegateMetrics)(nil)

// NewDelegateMetrics registers the metrics of the delegate.
func NewDelegateMetrics(register func(...metrics.Registerable)) *DelegateMetrics {
	r := registry(register)
	return &DelegateMetrics{
		requests: r.counters("delegate_requests_total", "code",
			"Requests for metrics of --delegate-to, by the code of the answer, 0 if the client went away."),
		took: r.histogram("delegate_request_duration_seconds", metrics.ExponentialBuckets(0.001, 2, 14),
			"How long requests for metrics of --delegate-to took."),
		failures: r.counters("delegate_failures_total", "reason",
			"Requests for metrics of --delegate-to that it did not answer, by the reason."),
		listed: r.gauge("delegate_discovery_timestamp_seconds",
			"When what --delegate-to serves was last read, as seconds since 1970, 0 before the first time."),
		refused: r.gauge("delegate_breaker_open",
			"1 while requests for metrics of --delegate-to are refused at once, but for one at a time that tries."),
	}
}

// Delegated implements delegate.Observer. A code unknown to HTTP counts as 999, so a
// backend cannot invent series.
func (m *DelegateMetrics) Delegated(code int, took time.Duration) {
	if code != 0 && http.StatusText(code) == "" {
		code = 999
	}
	m.requests.WithLabelValues(strconv.Itoa(code)).Inc()
	m.took.Observe(took.Seconds())
}

// DelegateFailed implements delegate.Observer.
func (m *DelegateMetrics) DelegateFailed(failure delegate.Failure) {
	m.failures.WithLabelValues(string(failure)).Inc()
}

// DelegateListed implements delegate.Observer.
func (m *DelegateMetrics) DelegateListed(at time.Time) {
	m.listed.Set(float64(at.Unix()))
}

// DelegateRefused implements delegate.Observer.
func (m *DelegateMetrics) DelegateRefused(refused bool) {
	m.refused.Set(oneIf(refused))
}
