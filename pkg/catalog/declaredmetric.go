package catalog

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
)

// ProbedHistory is what a declared metric is computed from. *history.History implements it.
type ProbedHistory interface {
	Latest(now time.Time) (history.Sample, error)
	SpanJoined(now time.Time, joined func(before, after history.Sample) bool) (history.Span, error)
	Covering(now time.Time) ([]history.Sample, error)
	CheckAge(ended, now time.Time) error
}

// Declared is a metric of one object alone.
type Declared struct {
	// Name is the name under which it is served.
	Name string
	// Probe reads its Results, and Place is their index in a sample.
	Probe *probe.Probe
	Place int
	// Over combines a gauge's samples of a window into one value. If it is empty, the
	// newest sample counts. It has no effect on other kinds.
	Over v1alpha1.OverFunction
}

// Read computes the value of the metric from a history, as Metric.Read does.
// Its one series has the label role.
func (d Declared) Read(h ProbedHistory, q Query) (Reading, error) {
	reading, newest, err := d.read(h, q.Now)
	if err != nil {
		return Reading{}, err
	}
	if err := chosen(d.Name, newest, q.Selector); err != nil {
		return Reading{}, err
	}
	return reading, nil
}

func (d Declared) read(h ProbedHistory, now time.Time) (Reading, history.Sample, error) {
	newest, err := h.Latest(now)
	if err != nil {
		return Reading{}, newest, err
	}
	last := d.of(newest)
	if last.Err != nil {
		return Reading{}, newest, last.Err
	}
	switch d.Probe.Kind {
	case probe.Counter:
		return d.rate(h, now)
	case probe.Pass:
		return Reading{Value: last.Value, At: last.Ended, Window: last.Ended.Sub(last.Began)}, newest, h.CheckAge(last.Ended, now)
	}
	if d.Over != "" {
		return d.over(h, now)
	}
	return Reading{Value: last.Value, At: newest.At}, newest, nil
}

func (d Declared) rate(h ProbedHistory, now time.Time) (Reading, history.Sample, error) {
	var missing error // why the sample before those that were joined has no value
	span, err := h.SpanJoined(now, func(before, after history.Sample) bool {
		missing = d.of(before).Err
		return d.Probe.Joins(d.of(before), d.of(after))
	})
	switch {
	case err != nil && missing != nil:
		return Reading{}, span.Last, fmt.Errorf("%w; the sample before had no value: %v", err, missing) //nolint:errorlint // its reason is not that of this error
	case err != nil:
		return Reading{}, span.Last, err
	}
	grown := d.of(span.Last).Value - d.of(span.First).Value
	window := span.Duration()
	return Reading{Value: grown / window.Seconds(), At: span.Last.At, Window: window}, span.Last, nil
}

func (d Declared) over(h ProbedHistory, now time.Time) (Reading, history.Sample, error) {
	samples, err := h.Covering(now)
	if err != nil {
		return Reading{}, history.Sample{}, err
	}
	values := make([]float64, len(samples))
	for n, sample := range samples {
		one := d.of(sample)
		if one.Err != nil {
			return Reading{}, samples[n], fmt.Errorf("a sample within the window has no value: %w", one.Err)
		}
		values[n] = one.Value
	}
	first, last := samples[0], samples[len(samples)-1]
	value, err := valueOver(d.Over, values)
	if err != nil {
		return Reading{}, last, err
	}
	return Reading{Value: value, At: last.At, Window: last.At.Sub(first.At)}, last, nil
}

// valueOver combines the values in a window, at least one, into one value.
func valueOver(function v1alpha1.OverFunction, values []float64) (float64, error) {
	switch function {
	case v1alpha1.OverMax:
		return slices.Max(values), nil
	case v1alpha1.OverMin:
		return slices.Min(values), nil
	case v1alpha1.OverAverage:
		sum := 0.0
		for _, value := range values {
			sum += value
		}
		return sum / float64(len(values)), nil
	}
	return 0, fmt.Errorf("over has no function %q", string(function))
}

// of returns the result of the metric's probe in a sample.
func (d Declared) of(sample history.Sample) probe.Result {
	if d.Place >= len(sample.Probed) {
		return probe.Result{Err: errors.New("the sample was taken without it")}
	}
	return sample.Probed[d.Place]
}
