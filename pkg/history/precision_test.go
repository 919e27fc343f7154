package history_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

// The server takes its counters somewhere within the round trip, so that slow
// answers blur a span.
func TestImpreciseTimingIsUnknown(t *testing.T) {
	for _, test := range []struct {
		name       string
		roundTrips []time.Duration // of samples 5 s apart, oldest first
		want       time.Duration   // length of the span, 0 if unknown
	}{
		{"prompt answers", []time.Duration{0, 0}, 5 * time.Second},
		{"a tenth of the span in doubt", []time.Duration{250 * time.Millisecond, 250 * time.Millisecond}, 5 * time.Second},
		{"more than a tenth", []time.Duration{250 * time.Millisecond, 251 * time.Millisecond}, 0},
		{"a longer span makes up for it", []time.Duration{500 * time.Millisecond, 0, 500 * time.Millisecond}, 10 * time.Second},
		{"a slow first sample is left out", []time.Duration{2 * time.Second, 0, 0}, 5 * time.Second},
		{"a slow last sample blurs them all", []time.Duration{0, 0, 2 * time.Second}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, host, now := open(t), fresh("a"), time.Now()
			for _, took := range test.roundTrips {
				now = now.Add(interval)
				host.work(10)
				host.infos++
				s.Record(history.NewSample(nil, history.Node{At: now, RoundTrip: took, Info: host.answer(t)}))
			}
			if test.want == 0 {
				if unknown := wantUnknown(t, s, now, history.ImpreciseTiming); !strings.Contains(unknown.Error(), "too slowly") {
					t.Errorf("%q does not tell of slow answers", unknown)
				}
				return
			}
			span, err := s.Span(now)
			if err != nil || span.Duration() != test.want {
				t.Errorf("span %s, %v, want %s", span.Duration(), err, test.want)
			}
		})
	}
}

// A counter that one node has is divided by the time between samples, which are as
// old as their earliest answer: one that comes later grows over another time.
func TestScatteredAnswersAreUnknown(t *testing.T) {
	always := func(_, _ history.Sample) bool { return true }
	for _, test := range []struct {
		name string
		late []time.Duration // of the second node in samples 5 s apart, oldest first
		took time.Duration   // round trip of each answer
		want time.Duration   // length of the span, 0 if unknown
	}{
		{"answers at once", []time.Duration{0, 0}, 0, 5 * time.Second},
		{"late by a tenth of the span", []time.Duration{500 * time.Millisecond, 0}, 0, 5 * time.Second},
		{"late by more", []time.Duration{501 * time.Millisecond, 0}, 0, 0},
		{"late at the end", []time.Duration{0, 501 * time.Millisecond}, 0, 0},
		{"as late at both ends", []time.Duration{2 * time.Second, 2 * time.Second}, 0, 5 * time.Second},
		{"slow by a tenth of the span", []time.Duration{0, 0}, 250 * time.Millisecond, 5 * time.Second},
		{"slow and late by more in all", []time.Duration{4 * time.Millisecond, 0}, 249 * time.Millisecond, 0},
		{"a longer span makes up for it", []time.Duration{time.Second, 0, 0}, 0, 10 * time.Second},
		{"a late first sample is left out", []time.Duration{1001 * time.Millisecond, 0, 0}, 0, 5 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, now := open(t), time.Now()
			hosts := []server{fresh("a"), fresh("b")}
			for _, late := range test.late {
				now = now.Add(interval)
				var nodes []history.Node
				for n := range hosts {
					hosts[n].work(10)
					hosts[n].infos++
					at := now.Add(time.Duration(n) * late)
					nodes = append(nodes, history.Node{Name: hosts[n].runID, Address: hosts[n].runID, At: at, RoundTrip: test.took, Info: hosts[n].answer(t)})
				}
				s.Record(history.NewSample(nil, nodes...))
			}
			span, err := s.SpanJoined(now, always)
			var unknown *history.UnknownError
			switch {
			case test.want > 0 && (err != nil || span.Duration() != test.want):
				t.Errorf("span %s, %v, want %s", span.Duration(), err, test.want)
			case test.want == 0 && (!errors.As(err, &unknown) || unknown.Reason != history.ImpreciseTiming):
				t.Errorf("span %s, %v, want %s", span.Duration(), err, history.ImpreciseTiming)
			}
			if _, err := s.Span(now); err != nil {
				t.Errorf("the counters of each node have a span of their own: %v", err)
			}
		})
	}
}
