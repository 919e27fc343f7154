package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
)

// calledByAdapter is ten seconds of a server within which this adapter called LLEN ten
// times for what an object declares, and lost an attempt if told so.
func calledByAdapter(t *testing.T, lost bool, last ...string) (*history.History, time.Time) {
	t.Helper()
	run := probe.Compile([]*probe.Probe{probe.List("jobs")}).Start(probe.Sampling{Interval: time.Second, MaxAge: time.Minute})
	s := new(history.Store).Open("x", history.Policy{Interval: 10 * time.Second, Window: 20 * time.Second, MaxAge: time.Minute})
	now := time.Now()
	node := func(at time.Time, lines ...string) history.Node {
		text := append([]string{"run_id:a", "# Commandstats"}, lines...)
		return history.Node{At: at, Info: info(t, text...), Own: run.Own()}
	}
	s.Record(history.NewSample(nil, node(now.Add(-10*time.Second), "cmdstat_info:calls=1,usec=1")))
	for range 10 {
		run.Commands(nil, nil)
		run.Read([]any{int64(1)}, info(t), nil, now, now)
	}
	if lost {
		run.Commands(nil, nil)
		run.Lost()
	}
	s.Record(history.NewSample(nil, node(now, append([]string{"cmdstat_info:calls=2,usec=1"}, last...)...)))
	return s, now
}

func TestCallsOfThisAdapterAreLeftOut(t *testing.T) {
	const gets = "cmdstat_get:calls=20,usec=100"
	for name, test := range map[string]struct {
		metric, selector string
		lost             bool
		stats            []string
		want             float64
		says             string
	}{
		"requests of an idle server":  {metric: "requests-per-second", stats: []string{"cmdstat_llen:calls=10,usec=5"}},
		"requests beside its own":     {metric: "requests-per-second", stats: []string{gets, "cmdstat_llen:calls=10,usec=5"}, want: 2},
		"requests of the same":        {metric: "requests-per-second", stats: []string{"cmdstat_llen:calls=15,usec=5"}, want: 0.5},
		"fewer than its own":          {metric: "requests-per-second", stats: []string{"cmdstat_llen:calls=5,usec=5"}},
		"a lost attempt":              {metric: "requests-per-second", lost: true, stats: []string{"cmdstat_llen:calls=11,usec=5"}, says: "an attempt to sample failed"},
		"a lost attempt, elsewhere":   {metric: "requests-per-second", selector: "command=get", lost: true, stats: []string{gets, "cmdstat_llen:calls=11,usec=5"}, want: 2},
		"a lost attempt, none more":   {metric: "requests-per-second", lost: true, stats: []string{gets, "cmdstat_llen:calls=10,usec=5"}, want: 2},
		"mean of an idle server":      {metric: "command-latency-mean-microseconds", stats: []string{"cmdstat_llen:calls=10,usec=5"}, says: "nothing was counted"},
		"mean beside its own":         {metric: "command-latency-mean-microseconds", stats: []string{gets, "cmdstat_llen:calls=10,usec=5"}, want: 5},
		"mean of the same":            {metric: "command-latency-mean-microseconds", stats: []string{gets, "cmdstat_llen:calls=15,usec=5"}, says: "this adapter called llen as well"},
		"mean of others":              {metric: "command-latency-mean-microseconds", selector: "command notin (llen)", stats: []string{gets, "cmdstat_llen:calls=15,usec=5"}, want: 5},
		"mean after a lost attempt":   {metric: "command-latency-mean-microseconds", lost: true, stats: []string{gets, "cmdstat_llen:calls=11,usec=5"}, says: "an attempt to sample failed"},
		"mean, nothing more was lost": {metric: "command-latency-mean-microseconds", lost: true, stats: []string{gets, "cmdstat_llen:calls=10,usec=5"}, want: 5},
	} {
		t.Run(name, func(t *testing.T) {
			s, now := calledByAdapter(t, test.lost, test.stats...)
			got, err := metric(t, test.metric).Read(s, catalog.Query{Now: now, Selector: picking(t, test.selector)})
			if (err == nil) != (test.says == "") || got.Value != test.want || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("Read = %v, %v; want %v, %q", got.Value, err, test.want, test.says)
			}
		})
	}
}

// INFO of a replica counts what its primary sends among what its clients ask.
func TestReplicatedCommandsAreNoRequests(t *testing.T) {
	const reads = "cmdstat_get:calls=20,usec=100"
	writes := []string{reads, "cmdstat_set:calls=30,usec=30", "cmdstat_multi:calls=30,usec=30"}
	for name, test := range map[string]struct {
		role, selector string
		stats          []string
		want           float64
		says           string
	}{
		"read-only":                    {role: "role:slave\r\nslave_read_only:1", stats: writes, want: 2},
		"read-only, of a write":        {role: "role:slave\r\nslave_read_only:1", selector: "command=set", stats: writes},
		"writable":                     {role: "role:slave\r\nslave_read_only:0", stats: writes, says: "accepts writes of clients as well"},
		"writable, of a read":          {role: "role:slave\r\nslave_read_only:0", selector: "command=get", stats: writes, want: 2},
		"writable, nothing is written": {role: "role:slave\r\nslave_read_only:0", stats: []string{reads}, want: 2},
		"not told":                     {role: "role:slave", stats: writes, says: "slave_read_only: not reported"},
		"of Dragonfly":                 {role: "role:replica\r\nslave_read_only:1", stats: []string{"cmdstat_SET:calls=5", "cmdstat_GET:calls=20"}, want: 2},
		"of a module":                  {role: "role:slave\r\nslave_read_only:1", stats: []string{"cmdstat_JSON.SET:calls=5"}, says: "json.set: the server is a replica"},
		"a primary":                    {role: "role:master\r\nslave_read_only:1", stats: writes, want: 8},
		"an active replica of KeyDB":   {role: "role:active-replica\r\nslave_read_only:0", stats: writes, want: 8},
	} {
		t.Run(name, func(t *testing.T) {
			h := over(t, stats(test.role), append(stats(test.role), test.stats...))
			got, err := metric(t, catalog.RequestsPerSecond).Read(h, catalog.Query{Now: h.end, Selector: picking(t, test.selector)})
			if (err == nil) != (test.says == "") || got.Value != test.want || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("Read = %v, %v; want %v, %q", got.Value, err, test.want, test.says)
			}
		})
	}
}

// The means of a read-only replica are those of what its clients asked.
func TestReplicatedCommandsHaveNoMean(t *testing.T) {
	const role = "role:slave\r\nslave_read_only:1"
	h := over(t, stats(role), stats(role, "cmdstat_get:calls=20,usec=100", "cmdstat_set:calls=30,usec=30"))
	got, err := metric(t, "command-latency-mean-microseconds").Read(h, catalog.Query{Now: h.end})
	if err != nil || got.Value != 5 {
		t.Errorf("Read = %v, %v; want 5", got.Value, err)
	}
}
