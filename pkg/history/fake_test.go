package history_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

const (
	interval = 5 * time.Second
	window   = 15 * time.Second
	maxAge   = 12 * time.Second
)

func policy() history.Policy {
	return history.Policy{Interval: interval, Window: window, MaxAge: maxAge}
}

func open(t testing.TB) *history.History {
	t.Helper()
	var store history.Store
	return store.Open(t.Name(), policy())
}

// server is what INFO shows of a Redis: counters of the whole server and of two commands.
type server struct {
	runID, role   string
	version       string
	uptime        int64
	commands      int64
	gets, infos   int64
	resets        string // what commandstats says about config|resetstat, empty if it says nothing
	syncs         string // what commandstats says about cluster|syncslots, empty if it says nothing
	withoutFields []string
	// epoch is not a field of Redis: it grows with each event over which no rate may be taken.
	epoch int64
}

func fresh(runID string) server {
	return server{runID: runID, role: "master"}
}

// work is what clients do from one sample to the next.
func (s *server) work(gets int64) {
	s.uptime += 5
	s.gets += gets
	s.commands += gets
}

// answer is the INFO of now. As in Redis, INFO is counted once it has been answered.
func (s *server) answer(t testing.TB) *redisinfo.Info {
	t.Helper()
	var b strings.Builder
	b.WriteString("# Server\r\n")
	line := func(key string, value any) {
		for _, left := range s.withoutFields {
			if left == key {
				return
			}
		}
		fmt.Fprintf(&b, "%s:%v\r\n", key, value)
	}
	line("run_id", s.runID)
	if s.version != "" {
		line("redis_version", s.version)
	}
	line("uptime_in_seconds", s.uptime)
	line("total_commands_processed", s.commands)
	line("role", s.role)
	line("epoch", s.epoch)
	if s.withoutFields == nil || s.withoutFields[0] != "commandstats" {
		b.WriteString("# Commandstats\r\n")
		calls := func(command string, n int64) {
			if n > 0 {
				line("cmdstat_"+command, fmt.Sprintf("calls=%d,usec=%d,usec_per_call=1.00", n, n))
			}
		}
		calls("get", s.gets)
		calls("info", s.infos)
		if s.resets != "" {
			line("cmdstat_config|resetstat", s.resets)
		}
		if s.syncs != "" {
			line("cmdstat_cluster|syncslots", s.syncs)
		}
	}
	s.infos++
	s.commands++
	var p redisinfo.Parser
	info, err := p.Parse([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// reset is CONFIG RESETSTAT, after which clients do more than was ever counted before.
func (s *server) resetAndOutgrow(resets string) {
	s.gets, s.commands = 2*s.gets+10, 2*s.commands+10
	s.infos = 0
	s.resets = resets
	s.epoch++
}

func epochOf(t testing.TB, s history.Sample) int64 {
	t.Helper()
	n, err := s.Nodes[0].Info.Int("epoch")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// suspended returns t as a clock shows it on a machine that was suspended for d:
// the wall clock went on and the monotonic clock stood still. Package time has
// no way to make such a time, so that this writes to its field ext, where the
// monotonic reading is kept; it fails when that is not so any more.
func suspended(tb testing.TB, t time.Time, d time.Duration) time.Time {
	tb.Helper()
	moved := t.Add(d)
	ext := (*int64)(unsafe.Add(unsafe.Pointer(&moved), unsafe.Sizeof(uint64(0))))
	*ext -= int64(d)
	if moved.Sub(t) != 0 || moved.Round(0).Sub(t.Round(0)) != d {
		tb.Fatalf("the monotonic reading of %v could not be moved by %v: package time keeps it elsewhere now", t, d)
	}
	return moved
}
