package history_test

import (
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
