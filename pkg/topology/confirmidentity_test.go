package topology

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

// answering is an answer of a server that writes this INFO.
func answering(t *testing.T, lines ...string) result {
	t.Helper()
	parsed, err := new(redisinfo.Parser).Parse([]byte(strings.Join(lines, "\r\n") + "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	name, _ := parsed.Name("run_id")
	role, _ := parsed.Text("role")
	return result{Response: poller.Response{Node: history.Node{Name: name, Replica: role == "slave" || role == "replica", At: time.Now(), Info: parsed}}}
}

func TestConfirm(t *testing.T) {
	primary := endpoint{shard: "0"}
	other := endpoint{shard: "1"}
	replica := endpoint{shard: "0", replica: true}
	for name, test := range map[string]struct {
		asked   []endpoint
		answers []result
		silent  int // replicas whose answer does not count
		fails   bool
	}{
		"a primary and its replica": {
			asked:   []endpoint{primary, replica},
			answers: []result{answering(t, "run_id:a", "role:master", "master_replid:x"), answering(t, "run_id:b", "role:slave", "master_replid:x", "master_link_status:up")},
		},
		"a replica of Dragonfly": {
			asked:   []endpoint{primary, replica, replica},
			answers: []result{answering(t, "role:master"), answering(t, "role:replica"), answering(t, "role:replica")},
		},
		"a replica that was promoted": {
			asked:   []endpoint{primary, replica},
			answers: []result{answering(t, "run_id:a", "role:master"), answering(t, "run_id:b", "role:master")},
			silent:  1,
		},
		"an active replica of KeyDB": {
			asked:   []endpoint{primary, replica},
			answers: []result{answering(t, "run_id:a", "role:active-replica"), answering(t, "run_id:b", "role:active-replica")},
			silent:  1,
		},
		"a replica that does not tell its role": {
			asked:   []endpoint{primary, replica},
			answers: []result{answering(t, "run_id:a"), answering(t, "run_id:b")},
			silent:  1,
		},
		"one replica at two addresses": {
			asked:   []endpoint{primary, replica, replica},
			answers: []result{answering(t, "run_id:a", "role:master"), answering(t, "run_id:b", "role:slave"), answering(t, "run_id:b", "role:slave")},
			silent:  1,
		},
		"a replica of another primary": {
			asked:   []endpoint{primary, replica},
			answers: []result{answering(t, "run_id:a", "role:master", "master_replid:x"), answering(t, "run_id:b", "role:slave", "master_replid:y", "master_link_status:up")},
			silent:  1,
		},
		"a replica that synchronizes": {
			asked:   []endpoint{primary, replica},
			answers: []result{answering(t, "run_id:a", "role:master", "master_replid:x"), answering(t, "run_id:b", "role:slave", "master_replid:y", "master_link_status:down")},
		},
		"replicas of two shards": {
			asked: []endpoint{primary, other, replica, {shard: "1", replica: true}},
			answers: []result{
				answering(t, "run_id:a", "role:master", "master_replid:x"), answering(t, "run_id:b", "role:master", "master_replid:y"),
				answering(t, "run_id:c", "role:slave", "master_replid:x", "master_link_status:up"), answering(t, "run_id:d", "role:slave", "master_replid:y", "master_link_status:up"),
			},
		},
		"two primaries that are one server": {
			asked:   []endpoint{primary, other},
			answers: []result{answering(t, "run_id:a", "role:master"), answering(t, "run_id:a", "role:master")},
			fails:   true,
		},
		"two primaries that tell no ID": {
			asked:   []endpoint{primary, other},
			answers: []result{answering(t, "role:master"), answering(t, "role:master")},
		},
		"a primary that does not answer": {
			asked:   []endpoint{primary, other, replica},
			answers: []result{{err: &reason.Error{Reason: reason.Timeout}}, answering(t, "run_id:a", "role:master"), answering(t, "run_id:b", "role:slave")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := confirm(test.asked, test.answers)
			if failed := err != nil; failed != test.fails || failed && reason.Classify(err).Reason != reason.SharedServer {
				t.Fatalf("confirm = %v, want an error: %t", err, test.fails)
			}
			silent := 0
			for _, got := range test.answers {
				if got.err != nil && got.err.Reason == reason.NotReplica {
					silent++
				}
			}
			if silent != test.silent {
				t.Errorf("%d answers are refused, want %d", silent, test.silent)
			}
		})
	}
}

// gauge is a metric of the newest sample, which must be known.
func (s *several) gauge(name string) float64 {
	s.t.Helper()
	got, err := samplertest.Read(s.t, s.history, name)
	if err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}
	return got.Value
}

// refused checks that the sample stands for its one primary, and that the only
// replica is an error of its own.
func (s *several) refused() {
	s.t.Helper()
	newest := s.sample()
	primaries, replicas, silent := roles(newest)
	if primaries != 1 || replicas != 0 || silent != 1 {
		s.t.Fatalf("%d primaries, %d replicas and %d errors, want 1, 0 and 1", primaries, replicas, silent)
	}
	if got := newest.Nodes[1]; !got.Replica || reason.Classify(got.Err).Reason != reason.NotReplica {
		s.t.Errorf("the replica is %+v", got)
	}
	if got := s.gauge("keys"); got != 2 {
		s.t.Errorf("%v keys, want 2", got)
	}
	if got, err := s.value("role=replica"); err == nil {
		s.t.Errorf("%v requests a second at a replica that is none", got)
	}
}

// TestReplicaAddressThatLeadsBack announces an address for a replica that leads
// to its primary, as translated addresses may.
func TestReplicaAddressThatLeadsBack(t *testing.T) {
	redistest.Each(t, testReplicaAddressThatLeadsBack)
}

func testReplicaAddressThatLeadsBack(t *testing.T, p redistest.Program) {
	primary := p.New(t)
	back := samplertest.NewProxy(t, "127.0.0.1:0", primary)
	host, port, _ := net.SplitHostPort(back.Addr)
	primary.Replicas(1, "--replica-announce-ip", host, "--replica-announce-port", port)
	primary.Do("mset", "a", "1", "b", "1")
	tgt := samplertest.TargetAt("standalone", primary.Addr)
	tgt.Replicas = true
	s := surveying(t, tgt)
	s.sample()
	samplertest.Work(t, primary, 100, 0)
	s.refused()
	s.counts("command=exists", 100)
}

// TestReplicaPromotedBehindAPartition has the adapter reach both sides.
func TestReplicaPromotedBehindAPartition(t *testing.T) {
	redistest.Each(t, testReplicaPromotedBehindAPartition)
}

func testReplicaPromotedBehindAPartition(t *testing.T, p redistest.Program) {
	primary := p.New(t)
	link := samplertest.NewProxy(t, "127.0.0.1:0", primary)
	host, port, _ := net.SplitHostPort(link.Addr)
	replica := p.New(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	samplertest.Poll(t, "the replica is connected", func() bool {
		text, _ := primary.Do("info", "replication").(string)
		return strings.Contains(text, "state=online")
	})
	primary.Do("mset", "a", "1", "b", "1")
	primary.Do("wait", "1", samplertest.Patience.Milliseconds())
	tgt := samplertest.TargetAt("standalone", primary.Addr)
	tgt.Replicas = true
	s := surveying(t, tgt)
	if primaries, replicas, silent := roles(s.sample()); primaries != 1 || replicas != 1 || silent != 0 {
		t.Fatalf("%d primaries, %d replicas and %d errors, want 1, 1 and 0", primaries, replicas, silent)
	}
	link.Cut()
	replica.Do("replicaof", "no", "one")
	s.refused()
}

// TestReplicaAtTheAddressIsSampledAlone has an object name a replica that has a
// replica of its own.
func TestReplicaAtTheAddressIsSampledAlone(t *testing.T) {
	t.Parallel()
	primary := redistest.New(t)
	middle := primary.Replicas(1)[0]
	middle.Replicas(1)
	primary.Do("mset", "a", "1", "b", "1")
	primary.Do("wait", "1", samplertest.Patience.Milliseconds())
	tgt := samplertest.TargetAt("standalone", middle.Addr)
	tgt.Replicas = true
	s := surveying(t, tgt)
	newest := s.sample()
	if len(newest.Nodes) != 1 {
		t.Fatalf("%d nodes, want 1", len(newest.Nodes))
	}
	if keys, err := newest.Nodes[0].Info.Keyspace(0); err != nil || keys.Keys != 2 {
		t.Errorf("%v keys, %v, want 2", keys, err)
	}
}

// TestClusterNodesAtOneServer announces addresses for two primaries that lead to one of them.
func TestClusterNodesAtOneServer(t *testing.T) {
	t.Parallel()
	c := redistest.NewCluster(t, 3, 0)
	network := samplertest.NewProxy(t, "127.0.0.1:0", c.Nodes[0])
	c.Nodes[1].Do("config", "set", "cluster-announce-port", network.Port(t))
	for _, partial := range []bool{false, true} {
		tgt := clusterAt(c)
		tgt.Cluster.AllowPartial = partial
		s := surveying(t, tgt)
		samplertest.Poll(t, "the addresses of two nodes are found to lead to one server", func() bool {
			return reason.Classify(s.attempt()).Reason == reason.SharedServer
		})
	}
}

// TestClusterFailoverNeverCountsTwice asks as fast as it can while replicas and
// primaries change places.
func TestClusterFailoverNeverCountsTwice(t *testing.T) {
	redistest.Each(t, testClusterFailoverNeverCountsTwice)
}

func testClusterFailoverNeverCountsTwice(t *testing.T, p redistest.Program) {
	c := p.NewCluster(t, 3, 3)
	x := trafficTo(t, c)
	x.send(300)
	tgt := clusterAt(c)
	tgt.Replicas = true
	s := surveying(t, tgt)
	s.sample()
	for shard := range 3 {
		next := c.Nodes[3+shard]
		next.Do("cluster", "failover")
		settled := func() bool {
			if s.attempt() != nil {
				return false
			}
			newest, _ := s.history.Newest()
			primaries, replicas, silent := roles(newest)
			if primaries != 3 || replicas+silent > 3 { // a view may lack one for an instant
				t.Fatalf("%d primaries, %d replicas and %d errors, want 3 and no more", primaries, replicas, silent)
			}
			if got := s.gauge("keys"); got != 300 {
				t.Fatalf("%v keys, want 300", got)
			}
			return silent == 0 && slices.ContainsFunc(newest.Nodes, func(n history.Node) bool { return n.Address == next.Addr && !n.Replica })
		}
		for deadline := time.Now().Add(samplertest.Patience); !settled(); { // windows are shorter than a tick of poll
			if time.Now().After(deadline) {
				t.Fatal("the failover does not end")
			}
		}
	}
	if _, err := samplertest.Read(t, s.history, catalog.ConnectedClients); err != nil {
		t.Error(err)
	}
}
