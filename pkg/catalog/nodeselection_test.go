package catalog_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// cluster is two shards, each with a replica, two samples apart by ten seconds.
func cluster(t *testing.T) (*history.History, time.Time) {
	t.Helper()
	s := new(history.Store).Open("x", history.Policy{Interval: 10 * time.Second, Window: 20 * time.Second, MaxAge: time.Minute})
	now := time.Now()
	for n, at := range []time.Time{now.Add(-10 * time.Second), now} {
		node := func(name, shard, role string, fields ...string) history.Node {
			grown := []string{"0", "1"}[n]
			text := append([]string{
				"run_id:" + name, "role:" + role, "connected_clients:5", "maxmemory:100", "# Commandstats",
				"cmdstat_info:calls=" + grown + ",usec=1",
			}, fields...)
			return history.Node{Name: name, Shard: shard, Address: name + ":1", Replica: role == "slave", At: at, Info: info(t, text...)}
		}
		more := func(first, last string) string { return []string{first, last}[n] }
		s.Record(history.NewSample(nil,
			node("ra", "0", "slave", "used_memory:10", "cmdstat_get:calls="+more("0", "500")+",usec=1"),
			node("b", "1", "master", "used_memory:80", "keyspace_hits:"+more("0", "30"), "keyspace_misses:"+more("0", "0"),
				"uptime_in_seconds:7", "cmdstat_get:calls="+more("0", "200")+",usec=1"),
			node("a", "0", "master", "used_memory:20", "keyspace_hits:"+more("5", "5"), "keyspace_misses:"+more("0", "10"),
				"uptime_in_seconds:9", "cmdstat_get:calls="+more("100", "200")+",usec=1"),
			history.Node{Name: "rb", Shard: "1", Address: "rb:1", Replica: true, Err: errors.New("down")},
		))
	}
	return s, now
}

func TestNodesAggregate(t *testing.T) {
	s, now := cluster(t)
	for _, test := range []struct {
		metric, selector string
		want             float64
		says             string
	}{
		{"requests-per-second", "", 30, ""},
		{"requests-per-second", "shard=0", 10, ""},
		{"requests-per-second", "node=b", 20, ""},
		{"requests-per-second", "role=primary", 30, ""},
		{"requests-per-second", "role=replica,shard=0", 50, ""},
		{"requests-per-second", "role=replica", 0, "is not sampled: down"},
		{"requests-per-second", "role in (primary,replica)", 0, "is not sampled: down"},
		{"requests-per-second", "shard=2", 0, "shard is one of 0, 1"},
		{"requests-per-second", "node=ra", 0, "node is one of a, b"},
		{"requests-per-second", "role=replica,command=get", 0, "shard 1: a replica that the metric selector asks for is not sampled: down"},
		{"requests-per-second", "role in (primary,replica),command=get", 0, "is not sampled: down"},
		{"requests-per-second", "role in (primary,replica),command=get,shard=0", 60, ""},
		{"requests-per-second", "role in (primary,replica),command=del,shard!=1", 0, ""},
		{"requests-per-second", "role,node!=rb", 80, ""},
		{"connected-clients", "", 10, ""},
		{"used-memory-bytes", "", 100, ""},
		{"memory-utilization", "", 0.8, ""},
		{"memory-utilization", "shard=0", 0.2, ""},
		{"keyspace-hit-ratio", "", 0.75, ""},
		{"keyspace-hit-ratio", "shard=1", 1, ""},
		{"uptime-seconds", "", 7, ""},
		{"blocked-clients", "", 0, "shard 0: "},
	} {
		t.Run(test.metric+" "+test.selector, func(t *testing.T) {
			q := catalog.Query{Now: now}
			if test.selector != "" {
				q.Selector = picking(t, test.selector)
			}
			got, err := metric(t, test.metric).Read(s, q)
			switch {
			case test.says == "" && (err != nil || got.Value != test.want):
				t.Errorf("Read = %v, %v; want %v", got.Value, err, test.want)
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
				t.Errorf("Read = %v, %v; want that it says %q", got.Value, err, test.says)
			}
		})
	}
}

// A node that the selector leaves out does not matter, whatever it lacks.
func TestNodeThatIsNotAskedForDoesNotMatter(t *testing.T) {
	now := time.Now()
	node := func(name string, replica bool, fields ...string) history.Node {
		return history.Node{Name: name, Address: name + ":1", Replica: replica, At: now, Info: info(t, append(fields, "run_id:"+name)...)}
	}
	s := recorded(
		node("p", false, "role:master", "maxmemory:100", "used_memory:10", "connected_slaves:1", "master_repl_offset:100", "slave0:ip=r,port=1,state=online,offset=90,lag=0"),
		node("r", true, "role:slave", "maxmemory:0", "used_memory:10", "connected_slaves:0", "master_repl_offset:100", "master_link_status:up"),
	)
	for _, test := range []struct {
		metric, selector string
		want             float64
		says             string
	}{
		{"primary-link-up", "role=replica", 1, ""},
		{"primary-link-up", "node=r,role", 1, ""},
		{"primary-link-up", "role!=primary", 1, ""},
		{"primary-link-up", "", 0, "the server is a primary"},
		{"replication-lag-bytes", "role=primary", 10, ""},
		{"replication-lag-bytes", "role=primary,replica=0", 10, ""},
		{"memory-utilization", "role=primary", 0.1, ""},
		{"memory-utilization", "role=replica", 0, "maxmemory is 0"},
		{"memory-utilization", "role", 0, "maxmemory is 0"},
		{"memory-utilization", "role=sentinel", 0, "role is one of primary, replica"},
	} {
		got, err := metric(t, test.metric).Read(s, catalog.Query{Now: now, Selector: picking(t, test.selector)})
		if (err == nil) != (test.says == "") || got.Value != test.want || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s{%s} = %v, %v; want %v, %q", test.metric, test.selector, got.Value, err, test.want, test.says)
		}
	}
}

// recorded is a series that holds one sample.
func recorded(nodes ...history.Node) *history.History {
	s := new(history.Store).Open("x", history.Policy{Interval: 10 * time.Second, Window: 20 * time.Second, MaxAge: time.Minute})
	s.Record(history.NewSample(nil, nodes...))
	return s
}

// Hosted servers may leave their role out of INFO.
func TestServerWithoutRoleHasNone(t *testing.T) {
	parsed, err := new(redisinfo.Parser).Parse([]byte("connected_clients:3\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	s := recorded(history.Node{Name: "a", At: now, Info: parsed})
	for selector, says := range map[string]string{
		"": "", "node=a": "", "role=primary": "does not report its role", "role!=replica": "does not report its role", "node=b": "node is one of a",
	} {
		got, err := metric(t, "connected-clients").Read(s, catalog.Query{Now: now, Selector: picking(t, selector)})
		if (err == nil) != (says == "") || err == nil && got.Value != 3 || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("connected-clients{%s} = %v, %v; want %q", selector, got.Value, err, says)
		}
	}
}

// A server that refuses INFO and answers the rest says so, whatever is selected.
func TestServerWithoutInfoSaysWhy(t *testing.T) {
	now := time.Now()
	s := recorded(history.Node{Address: "a:1", At: now, Err: errors.New("INFO is refused")})
	for _, selector := range []string{"", "role", "role=primary", "role=replica", "role!=replica", "node=a", "shard=0"} {
		got, err := metric(t, "connected-clients").Read(s, catalog.Query{Now: now, Selector: picking(t, selector)})
		if err == nil || !strings.Contains(err.Error(), "INFO is refused") {
			t.Errorf("connected-clients{%s} = %v, %v; want that INFO is refused", selector, got.Value, err)
		}
	}
}
