package catalog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
)

func TestSelectorPicksBeforeAggregation(t *testing.T) {
	latencies := over(t,
		stats("cmdstat_get:calls=10,usec=100", "cmdstat_set:calls=5,usec=50", "cmdstat_SADD:calls=1,usec=1"),
		stats("cmdstat_get:calls=20,usec=140", "cmdstat_set:calls=35,usec=410", "cmdstat_SADD:calls=1,usec=1"))
	percentiles := over(t, lines{"x:1"}, lines{"# Latencystats",
		"latency_percentiles_usec_get:p50=1.003,p99=7.007,p99.9=8.031", "latency_percentiles_usec_set:p50=2.007,p99=nan"})
	replicas := over(t, lines{"x:1"}, lines{"connected_slaves:3", "master_repl_offset:1000",
		"slave0:ip=10.0.0.2,port=6379,state=online,offset=900,lag=0",
		"slave1:ip=10.0.0.3,port=6379,state=send_bulk,offset=0,lag=0",
		"slave2:ip=10.0.0.4,port=6379,state=online,offset=990,lag=1"})
	codes := over(t, errorStats("errorstat_ERR:count=1"), errorStats("errorstat_ERR:count=11", "errorstat_10.0.0.1_6379:count=20", "errorstat_sorry:count=10"))
	cpu := over(t, lines{"used_cpu_user:1.000000", "used_cpu_sys:2.000000"}, lines{"used_cpu_user:6.000000", "used_cpu_sys:12.000000"})
	databases := over(t, lines{"x:1"}, lines{"# Keyspace", "db0:keys=4,expires=0", "db30:keys=5,expires=0"})
	tests := []struct {
		metric, selector string
		h                twoSamples
		want             float64
		err              string
	}{
		{metric: "command-latency-mean-microseconds", selector: "command=get", h: latencies, want: 4},
		{metric: "command-latency-mean-microseconds", selector: "command=set", h: latencies, want: 12},
		{metric: "command-latency-mean-microseconds", selector: "command in (get,set)", h: latencies, want: 10},
		{metric: "command-latency-mean-microseconds", selector: "command=sadd", h: latencies, err: "there is no mean"},
		{metric: "command-latency-mean-microseconds", selector: "command=del", h: latencies, err: "command is one of get, sadd, set"},
		{metric: "command-latency-percentile-microseconds", selector: "percentile=99.9", h: percentiles, want: 8.031},
		{metric: "command-latency-percentile-microseconds", selector: "percentile=50", h: percentiles, want: 2.007},
		{metric: "command-latency-percentile-microseconds", selector: "percentile=99,command=get", h: percentiles, want: 7.007},
		{metric: "command-latency-percentile-microseconds", selector: "percentile=99", h: percentiles, err: "malformed"},
		{metric: "command-latency-percentile-microseconds", selector: "percentile=90", h: percentiles, err: "percentile is one of 50, 99, 99.9"},
		{metric: "replication-lag-bytes", selector: "replica=0", h: replicas, want: 100},
		{metric: "replication-lag-bytes", selector: "replica!=1", h: replicas, want: 100},
		{metric: "replication-lag-seconds", selector: "replica!=1", h: replicas, want: 1},
		{metric: "replication-lag-bytes", selector: "replica=1", h: replicas, err: "replica 1: it is not synchronized"},
		{metric: "replication-lag-bytes", selector: "replica=3", h: replicas, err: "replica is one of 0, 1, 2"},
		{metric: "replication-lag-bytes", selector: "role=replica", h: replicas, err: "role is one of primary"},
		{metric: "errors-per-second", selector: "error=ERR", h: codes, want: 1},
		{metric: "errors-per-second", selector: "error=other", h: codes, want: 3},
		{metric: "errors-per-second", selector: "error=OOM", h: codes, want: 0},
		{metric: "errors-per-second", selector: "error=oom", h: codes, err: "error is one of ERR, other"},
		{metric: "cpu-cores", selector: "mode=user", h: cpu, want: 0.5},
		{metric: "cpu-cores", selector: "mode=system", h: cpu, want: 1},
		{metric: "keyspace-keys", selector: "db=0", h: databases, want: 4},
		{metric: "keyspace-keys", selector: "db=7", h: databases, want: 0},
		{metric: "keyspace-keys", selector: "db=30", h: databases, want: 5},
		{metric: "keyspace-keys", selector: "db=16", h: databases, want: 0},
		{metric: "keyspace-keys", selector: "db=17", h: databases, err: "matches no series"},
	}
	for _, tt := range tests {
		t.Run(tt.metric+"/"+tt.selector, func(t *testing.T) {
			q := catalog.Query{Now: tt.h.end, Database: 16, Selector: picking(t, tt.selector)}
			got, err := metric(t, tt.metric).Read(tt.h, q)
			if tt.err == "" {
				if err != nil || got.Value != tt.want {
					t.Errorf("Read = %v, %v; want %v", got.Value, err, tt.want)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("Read = %v, %v; want an error with %q", got.Value, err, tt.err)
			}
		})
	}
}

// A selector must not be able to make any metric tell where a replica or a primary is.
func TestNoErrorAndNoLabelHoldsAnAddress(t *testing.T) {
	c := catalog.Builtin()
	for file := range unknowns() {
		h := grownFixture(t, file)
		for _, m := range c.All() {
			_, plain := m.Read(h, catalog.Query{Now: h.end})
			_, listed := m.Read(h, catalog.Query{Now: h.end, Selector: picking(t, "no=such")})
			if text := errors.Join(plain, listed).Error(); strings.Contains(text, "10.0.0") {
				t.Errorf("%s of %s tells an address: %s", m.Name, file, text)
			}
		}
	}
}

// The provider reads from memory for every object and every HPA.
func TestReadingAGaugeAllocatesLittle(t *testing.T) {
	h := over(t, lines{"x:1"}, lines{"connected_clients:3"})
	m, q := metric(t, catalog.ConnectedClients), catalog.Query{Now: h.end}
	allocations := testing.AllocsPerRun(100, func() {
		if _, err := m.Read(h, q); err != nil {
			t.Fatal(err)
		}
	})
	const most = 3 // the series, the history that the interface holds, and the sample that it makes
	if allocations > most {
		t.Errorf("%v allocations, want %d at most", allocations, most)
	}
}
