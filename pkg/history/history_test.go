package history_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

func wantSpan(t *testing.T, s *history.History, now, first, last time.Time) {
	t.Helper()
	span, err := s.Span(now)
	if err != nil {
		t.Fatalf("Span = %v, want one", err)
	}
	if !span.First.At.Equal(first) || !span.Last.At.Equal(last) {
		t.Fatalf("the span reaches from %v to %v before now, want from %v to %v",
			now.Sub(span.First.At), now.Sub(span.Last.At), now.Sub(first), now.Sub(last))
	}
	if span.Duration() != last.Sub(first) {
		t.Fatalf("Duration = %v, want %v", span.Duration(), last.Sub(first))
	}
}

func wantUnknown(t *testing.T, s *history.History, now time.Time, reason history.Reason) *history.UnknownError {
	t.Helper()
	span, err := s.Span(now)
	var unknown *history.UnknownError
	if !errors.As(err, &unknown) || unknown.Reason != reason {
		t.Fatalf("Span = %+v, %v; want %s", span, err, reason)
	}
	return unknown
}

func TestRateIsUnknownUntilTwoSamples(t *testing.T) {
	s, redis, t0 := open(t), fresh("a"), time.Now()
	unknown := wantUnknown(t, s, t0, history.NoSample)
	if _, err := s.Latest(t0); err == nil || err.Error() != unknown.Error() {
		t.Errorf("Latest = %v, want the same as Span", err)
	}
	s.Record(history.NewSample(nil, history.Node{At: t0, Info: redis.answer(t)}))
	unknown = wantUnknown(t, s, t0, history.OneSample)
	if strings.Contains(unknown.Error(), "restart") {
		t.Errorf("a first sample is not a restart: %v", unknown)
	}
	if latest, err := s.Latest(t0); err != nil || !latest.At.Equal(t0) {
		t.Errorf("Latest = %v, %v; want the one sample", latest.At, err)
	}
	redis.work(1)
	t1 := t0.Add(interval)
	s.Record(history.NewSample(nil, history.Node{At: t1, Info: redis.answer(t)}))
	wantSpan(t, s, t1, t0, t1)
}

func TestSampleIsServedUntilMaxAgeAndNotAfter(t *testing.T) {
	s, redis, t0 := open(t), fresh("a"), time.Now()
	s.Record(history.NewSample(nil, history.Node{At: t0, Info: redis.answer(t)}))
	t1 := t0.Add(interval)
	s.Record(history.NewSample(nil, history.Node{At: t1, Info: redis.answer(t)}))

	border := t1.Add(maxAge)
	wantSpan(t, s, border, t0, t1)
	if _, err := s.Latest(border); err != nil {
		t.Errorf("Latest at maxAge = %v, want the sample", err)
	}
	past := border.Add(time.Nanosecond)
	unknown := wantUnknown(t, s, past, history.Stale)
	if want := "the newest sample is 12s old, more than maxAge 12s"; unknown.Error() != want {
		t.Errorf("%q, want %q", unknown, want)
	}
	if _, err := s.Latest(past); err == nil {
		t.Error("Latest past maxAge gave a sample")
	}
	if newest, ok := s.Newest(); !ok || !newest.At.Equal(t1) {
		t.Errorf("Newest = %v, %v; want the last sample whatever its age", newest.At, ok)
	}
}

func TestSpanIsTheLongestWithinTheWindowAndHalfAnInterval(t *testing.T) {
	tests := []struct {
		name  string
		at    []time.Duration
		first int // index of the sample that the span begins with, -1 if unknown
	}{
		{name: "less than a window known", at: []time.Duration{0, 5 * time.Second, 10 * time.Second}, first: 0},
		{name: "exactly a window", at: []time.Duration{0, 5 * time.Second, 10 * time.Second, 15 * time.Second}, first: 0},
		{name: "more than a window", at: []time.Duration{0, 5 * time.Second, 10 * time.Second, 15 * time.Second, 20 * time.Second}, first: 1},
		{name: "late by half an interval", at: []time.Duration{0, 5 * time.Second, 17500 * time.Millisecond}, first: 0},
		{name: "later than that", at: []time.Duration{0, 5 * time.Second, 17501 * time.Millisecond}, first: 1},
		{name: "gap that only the reach spans", at: []time.Duration{0, 17500 * time.Millisecond}, first: 0},
		{name: "gap longer than the reach", at: []time.Duration{0, 5 * time.Second, 22501 * time.Millisecond}, first: -1},
		{name: "after a gap it starts over", at: []time.Duration{0, 5 * time.Second, 60 * time.Second, 65 * time.Second}, first: 2},
		{name: "no time passed", at: []time.Duration{0, 0}, first: -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, redis, t0 := open(t), fresh("a"), time.Now()
			var now time.Time
			for _, at := range tt.at {
				now = t0.Add(at)
				s.Record(history.NewSample(nil, history.Node{At: now, Info: redis.answer(t)}))
				redis.work(10)
			}
			if tt.first < 0 {
				if unknown := wantUnknown(t, s, now, history.OneSample); strings.Contains(unknown.Error(), "restart") {
					t.Errorf("nothing restarted: %v", unknown)
				}
				return
			}
			wantSpan(t, s, now, t0.Add(tt.at[tt.first]), now)
		})
	}
}

func TestSpanNeverReachesOver(t *testing.T) {
	tests := []struct {
		name  string
		event func(s *server)
	}{
		{"a restart", func(s *server) { *s = fresh("b"); s.commands = 1000; s.uptime = 1000; s.gets = 1000; s.infos = 1000 }},
		{"a role change", func(s *server) { s.role = "slave" }},
		{"a fallen counter", func(s *server) { s.commands = 0 }},
		{"a fallen uptime", func(s *server) { s.uptime = 0 }},
		{"a counter that is gone", func(s *server) { s.withoutFields = []string{"total_commands_processed"} }},
		{"an answer without commandstats", func(s *server) { s.withoutFields = []string{"commandstats"} }},
		{"a command's fallen calls", func(s *server) { s.gets -= 20 }},
		{"a command that is gone", func(s *server) { s.withoutFields = []string{"", "cmdstat_get"} }},
		{"CONFIG RESETSTAT, outgrown", func(s *server) { s.resetAndOutgrow("calls=1,usec=58"); s.infos = 100 }},
		{"CONFIG RESETSTAT, outgrown but for INFO", func(s *server) { s.resetAndOutgrow("") }},
		{"CONFIG RESETSTAT and a monitor that asked less", func(s *server) { s.resetAndOutgrow(""); s.infos = 3 }},
		{"CONFIG RESETSTAT and a monitor that asked as often", func(s *server) { s.resetAndOutgrow(""); s.infos = 4 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, redis, now := open(t), fresh("a"), time.Now()
			redis.commands, redis.infos = 100, 3
			sample := func() {
				t.Helper()
				now = now.Add(interval)
				s.Record(history.NewSample(nil, history.Node{At: now, Info: redis.answer(t)}))
				redis.work(10)
			}
			redis.work(10)
			sample()
			sample()
			wantSpan(t, s, now, now.Add(-interval), now)
			tt.event(&redis)
			sample()
			unknown := wantUnknown(t, s, now, history.OneSample)
			if !strings.Contains(unknown.Error(), "restarted") {
				t.Errorf("%q does not tell of a restart", unknown)
			}
			if _, err := s.Latest(now); err != nil {
				t.Errorf("Latest = %v, want the new sample: a gauge needs one only", err)
			}
			redis.withoutFields = nil
			sample()
			sample()
			sample()
			if span, err := s.Span(now); err != nil || span.Duration() > 3*interval {
				t.Errorf("three samples on, Span = %v, %v; want what came since", span.Duration(), err)
			}
		})
	}
}

// A second reset shows in its record in commandstats, or in INFO where both
// leave the same text: each sample but the first one since a reset shows the
// INFO of the sample before.
func TestSpanNeverReachesOverASecondReset(t *testing.T) {
	const first = "calls=1,usec=58"
	for name, second := range map[string]struct {
		resets string
		infos  int64 // of other clients since
	}{
		"of the same text":       {first, 0},
		"that took another time": {"calls=1,usec=71", 100},
	} {
		t.Run(name, func(t *testing.T) {
			s, redis, t0 := open(t), fresh("a"), time.Now()
			redis.resets = first
			s.Record(history.NewSample(nil, history.Node{At: t0, Info: redis.answer(t)}))
			redis.resetAndOutgrow(second.resets)
			redis.infos = second.infos
			t1 := t0.Add(interval)
			s.Record(history.NewSample(nil, history.Node{At: t1, Info: redis.answer(t)}))
			_ = wantUnknown(t, s, t1, history.OneSample)
		})
	}
}

func TestServerThatDoesNotTellWhichProcessItIs(t *testing.T) {
	refused := errors.New("INFO is refused")
	for name, test := range map[string]struct {
		without string
		node    history.Node
		says    string
	}{
		"an answer without run_id": {without: "run_id", says: "run_id"},
		"no INFO":                  {node: history.Node{Err: refused}, says: "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			s, redis, now := open(t), fresh("a"), time.Now()
			redis.withoutFields = []string{test.without}
			for range 8 {
				now = now.Add(interval)
				node := test.node
				node.At = now
				if test.without != "" {
					node.Info = redis.answer(t)
				}
				s.Record(history.NewSample(nil, node))
			}
			if unknown := wantUnknown(t, s, now, history.Anonymous); !strings.Contains(unknown.Error(), test.says) {
				t.Errorf("%q does not say what is missing", unknown)
			}
			if _, err := s.Covering(now); reasonOf(err) != history.Anonymous {
				t.Errorf("Covering = %v, want the same", err)
			}
			if _, err := s.Latest(now); err != nil {
				t.Errorf("Latest = %v, want the sample: a gauge needs no more", err)
			}
		})
	}
}

// Not every server has commandstats; its other counters make rates all the same.
func TestServerWithoutCommandstatsHasSpans(t *testing.T) {
	s, redis, t0 := open(t), fresh("a"), time.Now()
	redis.withoutFields = []string{"commandstats"}
	s.Record(history.NewSample(nil, history.Node{At: t0, Info: redis.answer(t)}))
	t1 := t0.Add(interval)
	s.Record(history.NewSample(nil, history.Node{At: t1, Info: redis.answer(t)}))
	wantSpan(t, s, t1, t0, t1)
}

func TestRestartIsForgottenWithItsSamples(t *testing.T) {
	s, redis, now := open(t), fresh("a"), time.Now()
	s.Record(history.NewSample(nil, history.Node{At: now, Info: redis.answer(t)}))
	redis = fresh("b")
	now = now.Add(interval)
	s.Record(history.NewSample(nil, history.Node{At: now, Info: redis.answer(t)}))
	now = now.Add(time.Minute)
	s.Record(history.NewSample(nil, history.Node{At: now, Info: redis.answer(t)}))
	if unknown := wantUnknown(t, s, now, history.OneSample); strings.Contains(unknown.Error(), "restarted") {
		t.Errorf("%q blames a restart for a gap in the samples", unknown)
	}
}

func TestFailKeepsWhatIsKnownUntilItIsTooOld(t *testing.T) {
	s, redis, t0 := open(t), fresh("a"), time.Now()
	s.Record(history.NewSample(nil, history.Node{At: t0, Info: redis.answer(t)}))
	t1 := t0.Add(interval)
	s.Record(history.NewSample(nil, history.Node{At: t1, Info: redis.answer(t)}))
	failure := errors.New("no answer")
	s.Fail(failure)
	wantSpan(t, s, t1.Add(maxAge), t0, t1)
	if got := s.Failure(); !errors.Is(got, failure) {
		t.Errorf("Failure = %v, want %v", got, failure)
	}
	unknown := wantUnknown(t, s, t1.Add(maxAge+1), history.Stale)
	if !errors.Is(unknown, failure) || !strings.Contains(unknown.Error(), "no answer") {
		t.Errorf("%v does not wrap and tell the last failure", unknown)
	}
	t2 := t1.Add(interval)
	s.Record(history.NewSample(nil, history.Node{At: t2, Info: redis.answer(t)}))
	if got := s.Failure(); got != nil {
		t.Errorf("Failure = %v after a sample, want none", got)
	}
	wantSpan(t, s, t2, t0, t2)
}

func TestNodesAreThoseOfTheNewestAttempt(t *testing.T) {
	s, redis := open(t), fresh("a")
	for _, attempt := range []struct {
		what string
		make func()
		want string // the address of the node, empty for none
	}{
		{"no attempt", func() {}, ""},
		{"a sample", func() {
			s.Record(history.NewSample(nil, history.Node{Address: "a:1", At: time.Now(), Info: redis.answer(t)}))
		}, "a:1"},
		{"a failure", func() { s.Fail(errors.New("no answer"), history.Node{Address: "a:2"}) }, "a:2"},
		{"a failure before a node was asked", func() { s.Fail(errors.New("no address")) }, "a:1"},
	} {
		attempt.make()
		got := ""
		for _, node := range s.Nodes() {
			got += node.Address
		}
		if got != attempt.want {
			t.Errorf("after %s: %q, want %q", attempt.what, got, attempt.want)
		}
	}
}

func TestFailureBeforeAnySampleIsTold(t *testing.T) {
	s := open(t)
	s.Fail(errors.New("refused"))
	if unknown := wantUnknown(t, s, time.Now(), history.NoSample); unknown.Error() != "no sample yet; the last attempt failed: refused" {
		t.Errorf("%q", unknown)
	}
	if _, ok := s.Newest(); ok {
		t.Error("Newest gave a sample")
	}
}
