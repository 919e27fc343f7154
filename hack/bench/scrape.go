package bench

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// scrape is what the adapter's own metrics say at an instant.
type scrape map[string]*dto.MetricFamily

func (c *caller) scrape(ctx context.Context) (scrape, error) {
	plain := *c
	plain.accept = "text/plain"
	body, err := plain.get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	return parseScrape(body)
}

func parseScrape(text []byte) (scrape, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(bytes.NewReader(text))
}

// gauge returns the value of a gauge, over all its labels.
func (s scrape) gauge(name string) (float64, error) {
	family, ok := s[name]
	if !ok {
		return 0, fmt.Errorf("the adapter has no metric %s", name)
	}
	sum := 0.0
	for _, one := range family.GetMetric() {
		sum += one.GetGauge().GetValue()
	}
	return sum, nil
}

// samples returns how many attempts ended with a result other than Succeeded, and how many in all.
func (s scrape) samples() (failed, all float64) {
	for _, one := range s["redis_metrics_adapter_sampling_attempts_total"].GetMetric() {
		count := one.GetCounter().GetValue()
		all += count
		for _, label := range one.GetLabel() {
			if label.GetName() == "result" && label.GetValue() != "Succeeded" {
				failed += count
			}
		}
	}
	return failed, all
}

// lateness returns what so many per cent of the attempts since an earlier scrape were not later than, taken to be spread
// evenly within the bucket of the histogram.
func (s scrape) lateness(before scrape, share float64) time.Duration {
	const name = "redis_metrics_adapter_sampling_lateness_seconds"
	last, first := s[name].GetMetric(), before[name].GetMetric()
	if len(last) != 1 || len(first) != 1 {
		return 0
	}
	counts := func(n int) float64 {
		return float64(last[0].GetHistogram().GetBucket()[n].GetCumulativeCount() - first[0].GetHistogram().GetBucket()[n].GetCumulativeCount())
	}
	rank := share / 100 * float64(last[0].GetHistogram().GetSampleCount()-first[0].GetHistogram().GetSampleCount())
	below, bound := 0.0, 0.0
	for n, bucket := range last[0].GetHistogram().GetBucket() {
		count, upper := counts(n), bucket.GetUpperBound()
		if count >= rank && !math.IsInf(upper, 1) {
			within := 1.0
			if count > below {
				within = (rank - below) / (count - below)
			}
			return time.Duration((bound + within*(upper-bound)) * float64(time.Second))
		}
		below, bound = count, upper
	}
	return math.MaxInt64
}
