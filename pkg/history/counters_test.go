package history_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Each counter alone shows that counters began again, where a server reports no other.
func TestEachCounterThatFallsEndsASpan(t *testing.T) {
	for _, key := range []string{
		"uptime_in_seconds", "total_connections_received", "total_commands_processed", "total_net_input_bytes",
		"total_net_output_bytes", "total_reads_processed", "total_writes_processed", "keyspace_hits", "keyspace_misses",
		"evicted_keys", "expired_keys", "rejected_connections",
	} {
		field := func(n int) string { return fmt.Sprintf("%s:%d\r\n", key, n) }
		for name, test := range map[string]struct {
			before, after string
			joined        bool
		}{
			"grows":         {field(7), field(9), true},
			"stays":         {field(7), field(7), true},
			"falls":         {field(7), field(6), false},
			"is gone":       {field(0), "", false},
			"appears":       {"", field(7), false},
			"is never told": {"", "", true},
		} {
			s, now := open(t), time.Now()
			for n, line := range []string{test.before, test.after} {
				info, err := new(redisinfo.Parser).Parse([]byte("run_id:a\r\nrole:master\r\n" + line))
				if err != nil {
					t.Fatal(err)
				}
				s.Record(history.NewSample(nil, history.Node{At: now.Add(time.Duration(n) * interval), Info: info}))
			}
			if _, err := s.Span(now.Add(interval)); (err == nil) != test.joined {
				t.Errorf("%s %s: %v, want a span: %v", key, name, err, test.joined)
			}
		}
	}
}

// The calls of each command show that counters began again.
func TestCommandsThatWereCountedOn(t *testing.T) {
	for name, test := range map[string]struct {
		before, after string
		joined        bool
	}{
		"calls grow":                  {"calls=7,usec=9", "calls=8,usec=10", true},
		"nothing grows":               {"calls=7,usec=9", "calls=7,usec=9", true},
		"calls are refused":           {"calls=7,rejected_calls=0", "calls=7,rejected_calls=1", true},
		"calls fall":                  {"calls=7,usec=9", "calls=6,usec=10", false},
		"calls are not told":          {"usec=9", "usec=9", false},
		"calls are not told any more": {"calls=7,usec=9", "usec=10", false},
		"calls were not told":         {"usec=9", "calls=7,usec=10", false},
	} {
		s, now := open(t), time.Now()
		for n, get := range []string{test.before, test.after} {
			info, err := new(redisinfo.Parser).Parse(fmt.Appendf(nil, "run_id:a\r\n# Commandstats\r\ncmdstat_info:calls=%d\r\ncmdstat_get:%s\r\n", n, get))
			if err != nil {
				t.Fatal(err)
			}
			s.Record(history.NewSample(nil, history.Node{At: now.Add(time.Duration(n) * interval), Info: info}))
		}
		if _, err := s.Span(now.Add(interval)); (err == nil) != test.joined {
			t.Errorf("%s: %v, want a span: %v", name, err, test.joined)
		}
	}
}

// A server that reports no role has rates, as long as it goes on to report none.
func TestServerWithoutRoleHasSpans(t *testing.T) {
	s, redis, now := open(t), fresh("a"), time.Now()
	redis.withoutFields = []string{"role"}
	for range 2 {
		now = now.Add(interval)
		s.Record(history.NewSample(nil, history.Node{At: now, Info: redis.answer(t)}))
	}
	wantSpan(t, s, now, now.Add(-interval), now)
}

// The first reset since the start is the first that commandstats shows.
func TestFirstResetIsSeenByItsPresence(t *testing.T) {
	s, redis, now := open(t), fresh("a"), time.Now()
	s.Record(history.NewSample(nil, history.Node{At: now, Info: redis.answer(t)}))
	redis.resetAndOutgrow("calls=1,usec=58")
	redis.infos = 100
	now = now.Add(interval)
	s.Record(history.NewSample(nil, history.Node{At: now, Info: redis.answer(t)}))
	_ = wantUnknown(t, s, now, history.OneSample)
}
