package sampler

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/klog/v2/ktesting"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func TestPauseGrowsWithTheOutage(t *testing.T) {
	for _, test := range []struct{ interval, outage, want time.Duration }{
		{5 * time.Second, 0, 5 * time.Second},
		{5 * time.Second, 5 * time.Second, 5 * time.Second},
		{5 * time.Second, 10 * time.Second, 10 * time.Second}, // the third failure
		{5 * time.Second, 3 * time.Minute, 10 * time.Second},
		{5 * time.Second, 10 * time.Minute, 30 * time.Second},
		{5 * time.Second, 20 * time.Minute, time.Minute},
		{5 * time.Second, 24 * time.Hour, time.Minute},
		{time.Second, 40 * time.Second, 2 * time.Second},
		{time.Second, 2 * time.Minute, 6 * time.Second},
		{5 * time.Minute, 24 * time.Hour, 10 * time.Minute},
	} {
		start := time.Now()
		s := newSchedule(start, "uid/1", test.interval)
		due := s.next(s.first(start), s.first(start), 0)
		if got := s.next(due, due, test.outage).Sub(due); got != test.want {
			t.Errorf("interval %v, away for %v: the next attempt comes %v later, want %v", test.interval, test.outage, got, test.want)
		}
	}
}

// TestAttemptsOfAnOutage checks how often a server that is away is asked, and how
// late it may be seen again.
func TestAttemptsOfAnOutage(t *testing.T) {
	const interval, day = 5 * time.Second, 24 * time.Hour
	start := time.Now()
	s := newSchedule(start, "uid/1", interval)
	first := s.next(s.first(start), s.first(start), 0)
	attempts, due := 0, first
	for due.Sub(first) < day {
		next := s.next(due, due, due.Sub(first))
		if late, most := next.Sub(due), max(2*interval, min(due.Sub(first)/20, longestPause))+interval/2; late > most {
			t.Fatalf("%v after the first failure the next attempt comes %v later, want at most %v", due.Sub(first), late, most)
		}
		due = next
		attempts++
	}
	if most := int(day/longestPause) + 100; attempts > most {
		t.Errorf("%d attempts in a day, want at most %d", attempts, most)
	}
}

func TestStatesOfTargets(t *testing.T) {
	server := redistest.New(t)
	m, up, down := managing(t), samplertest.TargetAt("up", server.Addr), samplertest.TargetAt("down", redistest.New(t, "--requirepass", "x").Addr)
	states := func() string {
		m.mu.Lock()
		defer m.mu.Unlock()
		return fmt.Sprint(m.states[Pending], m.states[Sampled], m.states[Failing])
	}
	m.Set(up)
	m.Set(down)
	samplertest.Poll(t, "one is sampled and one fails", func() bool { return states() == "0 1 1" })
	server.Kill()
	samplertest.Poll(t, "both fail", func() bool { return states() == "0 0 2" })
	server.Restart()
	samplertest.Poll(t, "one is sampled again", func() bool { return states() == "0 1 1" })
	m.Remove(down)
	m.Remove(up)
	samplertest.Poll(t, "none is left", func() bool { return states() == "0 0 0" })
}

func TestServersThatHangDoNotStallLoops(t *testing.T) {
	server := redistest.New(t)
	m, tgt := managing(t), samplertest.TargetAt("hangs", server.Addr)
	tgt.Timeout = 50 * time.Millisecond
	server.Signal(syscall.SIGSTOP)
	defer server.Signal(syscall.SIGCONT)
	m.Set(tgt)
	m.awaitMore(t, tgt, 3)
	if err := m.Stalled(); err != nil {
		t.Error(err)
	}
}

func TestTargetsThatAppearAtOnceBeginInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New(t.Context(), Config{Store: &history.Store{}, Observer: &watched{states: map[State]int{}}, Listener: func(*target.Target) {}, Credentials: &samplertest.Credentials{Newest: &credentials.Credentials{}}, Egress: samplertest.Local(t), Reads: samplertest.MetricFields()})
		start := time.Now()
		const targets = 10000
		for n := range targets {
			one := samplertest.TargetAt(fmt.Sprint("r", n), "")
			one.Interval = time.Hour // none of them dials here
			m.Set(one)
		}
		bySecond := map[int]int{}
		for _, l := range m.loops {
			bySecond[int(l.begun.Sub(start)/time.Second)]++
		}
		for second, n := range bySecond {
			if n > beginsPerSecond+beginsAtOnce || second > targets/beginsPerSecond {
				t.Errorf("%d of %d loops begin in second %d", n, targets, second)
			}
		}
		m.Stop()
	})
}

func TestStalledLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &Manager{loops: map[string]*loop{}}
		if err := m.Stalled(); err != nil {
			t.Errorf("no loop has stalled: %v", err)
		}
		var loops []*loop
		for _, name := range []string{"a", "b", "c"} {
			tgt := samplertest.TargetAt(name, "")
			tgt.Timeout = time.Second
			loops = append(loops, newLoop(t.Context(), tgt, time.Now()))
			m.loops[tgt.ID()] = loops[len(loops)-1]
		}
		healthy := time.NewTicker(time.Second)
		defer healthy.Stop()
		for _, step := range []struct {
			beating int // loops that go on
			stands  bool
		}{{3, false}, {2, false}, {1, true}, {2, false}, {0, true}} {
			for range 70 {
				<-healthy.C
				for _, l := range loops[:step.beating] {
					l.expect(time.Now())
				}
			}
			if err := m.Stalled(); (err != nil) != step.stands {
				t.Errorf("%d of 3 loops go on: %v", step.beating, err)
			}
		}
	})
}

func TestLogLinesOfOneTargetAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger := ktesting.NewLogger(t, ktesting.NewConfig(ktesting.BufferLogs(true)))
		log := logger.GetSink().(ktesting.Underlier).GetBuffer()
		lines := func() int { return strings.Count(log.String(), "Sampling changed") }
		told := transitionLogger{logger: logger, limit: rate.Sometimes{First: logBurst, Interval: logGap}}
		tick := time.NewTicker(5 * time.Second)
		defer tick.Stop()
		const minutes = 60
		for n := range minutes * 12 {
			<-tick.C
			told.log([]reason.Reason{"", reason.Timeout}[n%2])
		}
		if got := lines(); got > minutes+logBurst || got < minutes/2 {
			t.Errorf("%d lines in %d minutes of a server that comes and goes", got, minutes)
		}
		for range 24 {
			<-tick.C
			told.log(reason.Loading)
		}
		if text := log.String(); !strings.Contains(text[strings.LastIndex(text, "Sampling changed"):], "Loading") {
			t.Error("the log does not end with what is true")
		}
	})
}
