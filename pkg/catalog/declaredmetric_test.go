package catalog_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
)

// probed are the samples of a window.
type probed struct {
	samples []history.Sample
	err     error
}

func (p probed) Latest(time.Time) (history.Sample, error) {
	return p.samples[len(p.samples)-1], nil
}

func (p probed) SpanJoined(time.Time, func(before, after history.Sample) bool) (history.Span, error) {
	return history.Span{First: p.samples[0], Last: p.samples[len(p.samples)-1]}, p.err
}

func (p probed) Covering(time.Time) ([]history.Sample, error) {
	return p.samples, p.err
}

// CheckAge takes what ended within a minute before the newest sample for fresh.
func (p probed) CheckAge(ended, _ time.Time) error {
	if p.samples[len(p.samples)-1].At.Sub(ended) > time.Minute {
		return &history.UnknownError{Reason: history.Stale}
	}
	return nil
}

func results(t testing.TB, all ...probe.Result) probed {
	t.Helper()
	p := probed{}
	end := time.Now()
	for n, result := range all {
		at := end.Add(time.Duration(n-len(all)+1) * 5 * time.Second)
		p.samples = append(p.samples, history.NewSample([]probe.Result{{Value: 99}, result}, history.Node{At: at, Info: info(t)}))
	}
	return p
}

func numbers(t testing.TB, values ...float64) probed {
	t.Helper()
	all := make([]probe.Result, len(values))
	for n, value := range values {
		all[n].Value = value
	}
	return results(t, all...)
}

// passed is what a pass of 20 seconds counted that ended some time ago.
func passed(ago time.Duration, value float64) probe.Result {
	ended := time.Now().Add(-ago)
	return probe.Result{Value: value, Began: ended.Add(-20 * time.Second), Ended: ended}
}

func TestDeclaredMetric(t *testing.T) {
	gone := probe.Result{Err: errors.New("key is gone")}
	for _, test := range []struct {
		name    string
		kind    *probe.Probe
		over    v1alpha1.OverFunction
		history probed
		want    float64
		window  time.Duration
	}{
		{"newest", probe.List("k"), "", numbers(t, 4, 8, 6), 6, 0},
		{"newest after an unknown one", probe.List("k"), "", results(t, gone, probe.Result{Value: 6}), 6, 0},
		{"max", probe.List("k"), v1alpha1.OverMax, numbers(t, 4, 8, 6), 8, 10 * time.Second},
		{"min", probe.List("k"), v1alpha1.OverMin, numbers(t, 4, 8, 6), 4, 10 * time.Second},
		{"average", probe.List("k"), v1alpha1.OverAverage, numbers(t, 4, 8, 6), 6, 10 * time.Second},
		{"rate", probe.CounterKey("k"), "", numbers(t, 4, 8, 24), 2, 10 * time.Second},
		{"pass", probe.KeysCount("k:*", "", 9), v1alpha1.OverMax, results(t, passed(90*time.Second, 4), passed(30*time.Second, 6)), 6, 20 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			row := catalog.Declared{Name: "mine", Probe: test.kind, Place: 1, Over: test.over}
			for selector, matches := range map[string]bool{"": true, "role=primary": true, "role=replica": false} {
				got, err := row.Read(test.history, catalog.Query{Selector: picking(t, selector)})
				switch none := (*catalog.NoSeriesError)(nil); {
				case !matches && !errors.As(err, &none):
					t.Errorf("selector %s matches: %v, %v", selector, got.Value, err)
				case matches && (err != nil || got.Value != test.want || got.Window != test.window):
					t.Errorf("%v over %v, %v; want %v over %v", got.Value, got.Window, err, test.want, test.window)
				}
			}
		})
	}
}

func TestDeclaredMetricIsUnknown(t *testing.T) {
	gone := probe.Result{Err: errors.New("key is gone")}
	incomplete := numbers(t, 1, 2)
	incomplete.err = &history.UnknownError{Reason: history.Incomplete}
	before := numbers(t, 1)
	before.samples[0].Probed = before.samples[0].Probed[:1]
	for _, test := range []struct {
		name    string
		kind    *probe.Probe
		over    v1alpha1.OverFunction
		history probed
		want    string
	}{
		{"newest is unknown", probe.List("k"), "", results(t, probe.Result{Value: 6}, gone), "key is gone"},
		{"one in the window is unknown", probe.List("k"), v1alpha1.OverMax, results(t, gone, probe.Result{Value: 6}), "a sample within the window has no value: key is gone"},
		{"window is incomplete", probe.List("k"), v1alpha1.OverMax, incomplete, ""},
		{"no span", probe.CounterKey("k"), "", incomplete, ""},
		{"counter is unknown", probe.CounterKey("k"), "", results(t, probe.Result{Value: 6}, gone), "key is gone"},
		{"no pass", probe.KeysCount("k:*", "", 9), "", results(t, passed(30*time.Second, 6), probe.Result{Err: probe.ErrNoScan}), "no scan of the keys"},
		{"pass is too old", probe.KeysCount("k:*", "", 9), "", results(t, passed(61*time.Second, 6)), ""},
		{"no such function", probe.List("k"), "Median", numbers(t, 1, 2), `over has no function "Median"`},
		{"not probed", probe.List("k"), "", before, "the sample was taken without it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			row := catalog.Declared{Name: "mine", Probe: test.kind, Place: 1, Over: test.over}
			if got, err := row.Read(test.history, catalog.Query{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, %v; want an error with %q", got, err, test.want)
			}
		})
	}
}

// TestRateSaysWhyTheSampleBeforeHasNoValue reads a counter that was unknown until the newest sample.
func TestRateSaysWhyTheSampleBeforeHasNoValue(t *testing.T) {
	s := new(history.Store).Open("x", history.Policy{Interval: 5 * time.Second, Window: 15 * time.Second, MaxAge: time.Minute})
	for _, sample := range results(t, probe.Result{Err: errors.New("it was held back")}, probe.Result{Value: 6}).samples {
		sample.Nodes[0].Info = info(t, "run_id:a", "role:master")
		s.Record(sample)
	}
	_, err := catalog.Declared{Name: "mine", Probe: probe.CounterKey("k"), Place: 1}.Read(s, catalog.Query{Now: time.Now()})
	const want = "a rate needs two samples since; the sample before had no value: it was held back"
	if unknown, ok := errors.AsType[*history.UnknownError](err); !ok || unknown.Reason != history.CounterReset || !strings.Contains(err.Error(), want) {
		t.Errorf("%v; want an error with %q", err, want)
	}
}
