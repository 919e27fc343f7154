package history_test

import (
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

func TestSuspendedMachineServesNothingOld(t *testing.T) {
	s, redis, t0 := open(t), fresh("a"), time.Now()
	s.Record(history.NewSample(nil, history.Node{At: t0, Info: redis.answer(t)}))
	t1 := t0.Add(interval)
	s.Record(history.NewSample(nil, history.Node{At: t1, Info: redis.answer(t)}))
	now := suspended(t, t1.Add(time.Second), time.Hour)
	_ = wantUnknown(t, s, now, history.Stale)
	if _, err := s.Latest(now); err == nil {
		t.Error("Latest gave a sample from before an hour's suspension")
	}
}

func TestSpanReachesOverNoClockJump(t *testing.T) {
	tests := []struct {
		name string
		jump time.Duration
		want bool // whether the span is served
	}{
		{name: "no jump", want: true},
		{name: "a slewed clock", jump: interval / 10, want: true},
		{name: "a slewed clock, backwards", jump: -interval / 10, want: true},
		{name: "a suspension", jump: interval/10 + 1},
		{name: "a clock set back", jump: -interval/10 - 1},
		{name: "an hour's suspension", jump: time.Hour},
		{name: "a clock set back by an hour", jump: -time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, redis, t0 := open(t), fresh("a"), time.Now()
			s.Record(history.NewSample(nil, history.Node{At: t0, Info: redis.answer(t)}))
			t1 := suspended(t, t0.Add(interval), tt.jump)
			s.Record(history.NewSample(nil, history.Node{At: t1, Info: redis.answer(t)}))
			if !tt.want {
				_ = wantUnknown(t, s, t1, history.OneSample)
				return
			}
			// The span lasts as long as the monotonic clock says.
			span, err := s.Span(t1)
			if err != nil || span.Duration() != interval {
				t.Errorf("Span = %v, %v; want %v", span.Duration(), err, interval)
			}
		})
	}
}

func TestClockSetBackMakesNoSampleYounger(t *testing.T) {
	s, redis, t0 := open(t), fresh("a"), time.Now()
	s.Record(history.NewSample(nil, history.Node{At: t0, Info: redis.answer(t)}))
	now := suspended(t, t0.Add(maxAge+time.Second), -time.Hour)
	if _, err := s.Latest(now); err == nil {
		t.Error("Latest gave a sample older than maxAge by the monotonic clock")
	}
}
