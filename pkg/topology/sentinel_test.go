package topology

import (
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

const masterName = "mymaster"

func sentinelAt(s *redistest.Sentinels) *target.Target {
	t := samplertest.TargetAt("sentinel", "")
	t.Sentinel = &target.Sentinel{MasterName: masterName}
	for _, node := range s.Nodes {
		t.Sentinel.Addresses = append(t.Sentinel.Addresses, node.Addr)
	}
	return t
}

func TestSentinelFailover(t *testing.T) { redistest.Each(t, testSentinelFailover) }

func testSentinelFailover(t *testing.T, p redistest.Program) {
	primary := p.New(t)
	replicas := primary.Replicas(2)
	sentinels := redistest.NewSentinels(t, 3, masterName, primary, 2)
	tgt := sentinelAt(sentinels)
	tgt.Replicas = true
	tgt.Database = 3 // sentinels have none
	tgt.Timeout = brief
	s := surveying(t, tgt)
	s.sample()
	write(t, primary, 100, 2)
	if primaries, others, silent := roles(s.sample()); primaries != 1 || others != 2 || silent != 0 {
		t.Errorf("%d primaries, %d replicas and %d silent nodes, want 1, 2 and 0", primaries, others, silent)
	}
	// The sentinels' own PUBLISH is a request like any other.
	s.counts("command=set", 100)
	s.counts("command=set,role=replica", 0)

	// A primary that hangs has its connections open, and comes back as one.
	primary.Signal(syscall.SIGSTOP)
	s.fail(reason.Timeout)
	addr := sentinels.AwaitPrimary(primary)
	s.recover()
	s.unknown(history.OneSample)
	next := replicas[slices.IndexFunc(replicas, func(r *redistest.Server) bool { return r.Addr == addr })]
	s.sample()
	s.sample()
	primary.Signal(syscall.SIGCONT)
	samplertest.Work(t, next, 70, 0)
	samplertest.Work(t, primary, 50, 0) // clients that have not heard of the failover yet
	newest := s.sample()
	if newest.Nodes[0].Address != addr || newest.Nodes[0].Replica {
		t.Errorf("the first node is %+v, want the primary %s", newest.Nodes[0], addr)
	}
	s.counts("command=exists", 70)
}

// write writes, and waits until so many replicas have all of it.
func write(t *testing.T, server *redistest.Server, n, replicas int) {
	t.Helper()
	pipe := server.Client().Pipeline()
	for range n {
		pipe.Set(t.Context(), "key", "value", 0)
	}
	pipe.Do(t.Context(), "wait", replicas, samplertest.Patience.Milliseconds())
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestSentinelsThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	primary := redistest.New(t)
	sentinels := redistest.NewSentinels(t, 3, masterName, primary, 0)
	tgt := sentinelAt(sentinels)
	tgt.Timeout = brief
	s := surveying(t, tgt)
	sentinels.Nodes[0].Kill()
	s.sample()
	sentinels.Nodes[1].Signal(syscall.SIGSTOP)
	s.fail(reason.SentinelUnavailable)
	sentinels.Nodes[1].Signal(syscall.SIGCONT)
	s.recover()
	sentinels.Nodes[1].Kill()
	sentinels.Nodes[2].Kill()
	s.fail(reason.SentinelUnavailable)
	sentinels.Nodes[2].Restart()
	sentinels.Nodes[1].Restart()
	s.recover()
	t.Run("a primary that they do not know", func(t *testing.T) {
		other := sentinelAt(sentinels)
		other.Sentinel.MasterName = "other"
		surveying(t, other).fail(reason.UnknownPrimary)
	})
	t.Run("no sentinels", func(t *testing.T) {
		none := samplertest.TargetAt("none", "")
		none.Sentinel = &target.Sentinel{MasterName: masterName, Addresses: []string{primary.Addr}}
		surveying(t, none).fail(reason.SentinelUnavailable)
	})
}

func TestReplicasOfAStandaloneServer(t *testing.T) {
	redistest.Each(t, testReplicasOfAStandaloneServer)
}

func testReplicasOfAStandaloneServer(t *testing.T, p redistest.Program) {
	primary := p.New(t)
	replicas := primary.Replicas(2)
	tgt := samplertest.TargetAt("standalone", primary.Addr)
	tgt.Replicas = true
	tgt.Timeout = brief
	s := surveying(t, tgt)
	s.sample()
	write(t, primary, 40, 2)
	if primaries, others, _ := roles(s.sample()); primaries != 1 || others != 2 {
		t.Errorf("%d primaries and %d replicas, want 1 and 2", primaries, others)
	}
	s.counts("command=set", 40)
	s.counts("command=set,role=replica", 0)
	samplertest.Work(t, replicas[0], 30, 0)
	s.sample()
	s.counts("role=replica,command=exists", 30)
	s.counts("role=primary,command=set", 40)

	replicas[1].Signal(syscall.SIGSTOP)
	s.sample()
	s.counts("command=set", 40)
	if got, err := s.value("role=replica"); err == nil {
		t.Errorf("%v requests a second at replicas, one of them silent", got)
	}
	replicas[1].Kill()
	s.sample()
	replicas[1].Restart()
	samplertest.Poll(t, "the replica is connected again", func() bool {
		_, others, silent := roles(s.recover())
		return others == 2 && silent == 0
	})
	if got, err := s.value("role=replica"); err == nil {
		t.Errorf("%v requests a second at replicas, one of which has just restarted", got)
	}
	if n := len(s.nodes.pollers); n != 3 {
		t.Errorf("%d nodes are kept, want 3", n)
	}
}

func TestReplicasOf(t *testing.T) {
	info := "role:master\r\nconnected_slaves:2\r\nslave0:ip=::1,port=7001,state=online\r\nslave1:ip=10.0.0.2,port=7000,state=online\r\nslave2:port=1\r\n" +
		"slave3:ip=10.0.0.3,port=7000,state=wait_bgsave,type=rdb-channel\r\nslave4:ip=10.0.0.4,port=7000,state=online,type=replica\r\n"
	parsed, err := new(redisinfo.Parser).Parse([]byte(info))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{net.JoinHostPort("10.0.0.2", "7000"), net.JoinHostPort("10.0.0.4", "7000"), net.JoinHostPort("::1", "7001")}
	if got, err := replicasOf(parsed); err != nil || !slices.Equal(got, want) {
		t.Errorf("replicas at %v, %v; want %v", got, err, want)
	}
	for _, address := range []string{"ip=" + strings.Repeat("a", connection.MaxHostBytes+1) + ",port=1", "ip=a b,port=1", "ip=a,port=65536", "ip=a,port=" + strings.Repeat("1", 1<<10)} {
		parsed, err := new(redisinfo.Parser).Parse([]byte(info + "slave5:" + address + "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := replicasOf(parsed); err == nil || reason.Classify(err).Reason != reason.Protocol {
			t.Errorf("replicas at %v, %v; want %s", got, err, reason.Protocol)
		}
	}
}

// TestSentinelThatLeadsAFailover answers as one does while replicas are told of the new
// primary, which takes minutes where one of them does not follow.
func TestSentinelThatLeadsAFailover(t *testing.T) {
	was, is := redistest.New(t), redistest.New(t) // which has come back, and takes itself for the primary
	says := func(listed, primary *redistest.Server) string {
		asSentinel := honestAt(t, primary.Addr)
		return samplertest.NewRawStub(t, func(asked []string) string {
			if strings.EqualFold(strings.Join(asked[:min(2, len(asked))], " "), "sentinel master") {
				return "*6\r\n" + redistest.Bulk("ip") + redistest.Bulk("127.0.0.1") + redistest.Bulk("port") + redistest.Bulk(samplertest.Port(t, listed)) + redistest.Bulk("config-epoch") + redistest.Bulk("7")
			}
			return asSentinel(asked)
		}).Addr
	}
	tgt := samplertest.TargetAt("failover", "")
	tgt.Sentinel = &target.Sentinel{MasterName: masterName, Addresses: []string{says(was, is), says(is, is)}}
	if newest := surveying(t, tgt).sample(); newest.Nodes[0].Address != is.Addr {
		t.Errorf("the primary is taken to be at %s, the sentinels name %s", newest.Nodes[0].Address, is.Addr)
	}
}
