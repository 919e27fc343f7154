package history_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
)

func reasonOf(err error) history.Reason {
	var unknown *history.UnknownError
	if errors.As(err, &unknown) {
		return unknown.Reason
	}
	return ""
}

func TestWindowIsCoveredOrUnknown(t *testing.T) {
	for _, test := range []struct {
		name  string
		after []time.Duration // since the first sample
		want  int
	}{
		{"one sample", []time.Duration{0}, 0},
		{"too short", []time.Duration{0, 5 * time.Second, 10 * time.Second}, 0},
		{"whole", []time.Duration{0, 5 * time.Second, 10 * time.Second, 15 * time.Second}, 4},
		{"one a little late", []time.Duration{0, 6 * time.Second, 10 * time.Second, 16 * time.Second}, 4},
		{"as long as a span may be", []time.Duration{0, 5 * time.Second, 10 * time.Second, 17500 * time.Millisecond}, 4},
		{"one late by three quarters of the interval", []time.Duration{0, 5 * time.Second, 13750 * time.Millisecond, 15 * time.Second, 20 * time.Second}, 4},
		{"one later than that", []time.Duration{0, 5 * time.Second, 13751 * time.Millisecond, 15 * time.Second, 20 * time.Second}, 0},
		{"the first one late by as much", []time.Duration{0, 1250 * time.Millisecond, 6250 * time.Millisecond, 11250 * time.Millisecond}, 4},
		{"the first one later than that", []time.Duration{0, 1249 * time.Millisecond, 6249 * time.Millisecond, 11249 * time.Millisecond}, 0},
		{"the first phase", []time.Duration{0, 3 * time.Second, 8 * time.Second, 13 * time.Second}, 4},
		{"one missing", []time.Duration{0, 5 * time.Second, 15 * time.Second}, 0},
		{"one missing before the window", []time.Duration{0, 10 * time.Second, 15 * time.Second, 20 * time.Second, 25 * time.Second}, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, redis, t0 := open(t), fresh("a"), time.Now()
			now := t0
			for _, after := range test.after {
				redis.work(1)
				now = t0.Add(after)
				s.Record(history.NewSample(nil, history.Node{At: now, Info: redis.answer(t)}))
			}
			got, err := s.Covering(now)
			if len(got) != test.want {
				t.Errorf("%d samples, %v; want %d", len(got), err, test.want)
			}
			if test.want == 0 && reasonOf(err) != history.Incomplete {
				t.Errorf("error %v, want that the window is incomplete", err)
			}
			if _, err := s.Covering(now.Add(maxAge + 1)); reasonOf(err) != history.Stale {
				t.Errorf("past maxAge it says %v", err)
			}
		})
	}
}

func TestPassIsFreshUntilItIsOlderThanMaxAge(t *testing.T) {
	s, now := open(t), time.Now()
	if err := s.CheckAge(now.Add(-maxAge), now); err != nil {
		t.Errorf("a pass as old as maxAge: %v", err)
	}
	if err := s.CheckAge(now.Add(-maxAge-1), now); reasonOf(err) != history.Stale || !strings.Contains(err.Error(), "ended 12s ago, more than maxAge 12s") {
		t.Errorf("an older pass: %v", err)
	}
	if err := s.CheckAge(now.Add(-time.Second).Round(0), now.Add(maxAge)); reasonOf(err) != history.Stale {
		t.Errorf("an older pass by the wall clock: %v", err)
	}
}

func TestWindowDoesNotReachOverARestart(t *testing.T) {
	s, redis, now := open(t), fresh("a"), time.Now()
	for range 4 {
		redis.work(1)
		now = now.Add(interval)
		s.Record(history.NewSample(nil, history.Node{At: now, Info: redis.answer(t)}))
	}
	restarted := fresh("b")
	now = now.Add(interval)
	s.Record(history.NewSample(nil, history.Node{At: now, Info: restarted.answer(t)}))
	if got, err := s.Covering(now); reasonOf(err) != history.Incomplete {
		t.Errorf("%d samples, %v", len(got), err)
	}
}

func TestSpanIsJoinedFromItsEnd(t *testing.T) {
	s, redis, t0 := open(t), fresh("a"), time.Now()
	counter := probe.CounterKey("jobs")
	joined := func(before, after history.Sample) bool { return counter.Joins(before.Probed[0], after.Probed[0]) }
	none := probe.Result{Err: errors.New("gone")}
	for n, step := range []struct {
		result probe.Result
		first  int // of the span, in samples from the start; -1 if it is unknown
	}{
		{probe.Result{Value: 7}, -1}, {probe.Result{Value: 9}, 0}, {none, -1}, {probe.Result{Value: 10}, -1},
		{probe.Result{Value: 10}, 3}, {probe.Result{Value: 2}, -1}, {probe.Result{Value: 3}, 5}, {probe.Result{Value: 4}, 5},
	} {
		redis.work(1)
		now := t0.Add(time.Duration(n) * interval)
		s.Record(history.NewSample([]probe.Result{step.result}, history.Node{At: now, Info: redis.answer(t)}))
		span, err := s.SpanJoined(now, joined)
		switch want := t0.Add(time.Duration(step.first) * interval); {
		case step.first < 0 && n == 0 && reasonOf(err) != history.OneSample,
			step.first < 0 && n > 0 && reasonOf(err) != history.CounterReset:
			t.Errorf("sample %d: span %v, %v", n, span.Duration(), err)
		case step.first >= 0 && (err != nil || !span.First.At.Equal(want) || !span.Last.At.Equal(now)):
			t.Errorf("sample %d: the span begins %v after the start, %v; want sample %d", n, span.First.At.Sub(t0), err, step.first)
		}
	}
}
