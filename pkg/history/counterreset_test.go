package history_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// A server without run_id is known by what else it makes at its start, or not at all.
func TestProcessesOfServersWithoutRunID(t *testing.T) {
	text, err := os.ReadFile("../redisinfo/testdata/dragonfly-1.37.txt")
	if err != nil {
		t.Fatal(err)
	}
	dragonfly := string(text)
	const (
		replid  = "master_replid:89abcdef0123456789abcdef0123456789abcdef"
		infos   = "cmdstat_INFO:calls=77,"
		process = "process_id:1\n"
	)
	later := strings.NewReplacer(infos, "cmdstat_INFO:calls=78,", "uptime_in_seconds:7200", "uptime_in_seconds:7205").Replace(dragonfly)
	both := func(from, to string) [2]string {
		return [2]string{strings.Replace(dragonfly, from, to, 1), strings.Replace(later, from, to, 1)}
	}
	after := func(from, to string) [2]string { return [2]string{dragonfly, strings.Replace(later, from, to, 1)} }
	for name, test := range map[string]struct {
		samples [2]string
		joined  bool
	}{
		"one process":                   {[2]string{dragonfly, later}, true},
		"one that tells no process_id":  {both(process, ""), true},
		"one that writes small letters": {[2]string{strings.ReplaceAll(dragonfly, "cmdstat_INFO", "cmdstat_info"), strings.ReplaceAll(later, "cmdstat_INFO", "cmdstat_info")}, true},
		"another process":               {after(replid, "master_replid:0000000000000000000000000000000000000000"), false},
		"another process_id":            {after(process, "process_id:7\n"), false},
		"a younger process":             {after("uptime_in_seconds:7205", "uptime_in_seconds:3"), false},
		"its counters were reset":       {after("cmdstat_INFO:calls=78,", "cmdstat_INFO:calls=1,"), false},
		"no master_replid":              {both(replid, ""), false},
		"a replica":                     {both("role:master", "role:replica"), false},
		"no run_id, and no Dragonfly":   {both("dragonfly_version:df-v1.37.0\n", ""), false},
	} {
		t.Run(name, func(t *testing.T) {
			s, now := open(t), time.Now()
			for n, text := range test.samples {
				info, err := new(redisinfo.Parser).Parse([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				s.Record(history.NewSample(nil, history.Node{At: now.Add(time.Duration(n) * interval), Info: info}))
			}
			if _, err := s.Span(now.Add(interval)); (err == nil) != test.joined {
				t.Errorf("a rate: %v, want one: %v", err, test.joined)
			}
		})
	}
}
