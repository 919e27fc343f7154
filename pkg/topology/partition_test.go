package topology

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// brief is a timeout that a silent server uses up, and that one which answers does
// not need on a busy machine.
const brief = 3 * time.Second

// TestPartitionFromANodeOfACluster checks that what is counted after a partition is
// what was sent, and that nothing is known meanwhile.
func TestPartitionFromANodeOfACluster(t *testing.T) {
	t.Parallel()
	c := redistest.NewCluster(t, 3, 0)
	c.Calm()
	network := samplertest.NewProxy(t, "127.0.0.1:0", c.Nodes[1])
	c.Nodes[1].Do("config", "set", "cluster-announce-port", network.Port(t))
	tgt := clusterAt(c)
	tgt.Timeout = brief
	s := surveying(t, tgt)
	samplertest.Poll(t, "the cluster leads through the network", func() bool {
		newest := s.recover()
		return slices.ContainsFunc(newest.Nodes, func(n history.Node) bool { return n.Address == network.Addr })
	})
	s = surveying(t, tgt)
	s.recover()
	sent := 0
	send := func() { // as clients do whose way to the node is another one
		for _, node := range c.Nodes {
			for range 100 {
				node.Do("eval", "return 1", 0)
				sent++
			}
		}
	}
	for name, partition := range map[string]func(){
		"black hole":    network.Cut,
		"half open":     network.Deafen,
		"cut and reset": func() { network.Cut(); network.Reset() },
	} {
		t.Run(name, func(t *testing.T) {
			before := s.recover()
			send()
			partition()
			for range 2 {
				s.fail(reason.ShardUnavailable)
				if newest, _ := s.history.Newest(); newest.Nodes[0].At != before.Nodes[0].At {
					t.Error("a sample without the node stands")
				}
			}
			silent := s.history.Nodes()
			if n := slices.IndexFunc(silent, func(n history.Node) bool { return n.Address == network.Addr }); n < 0 || reason.Classify(silent[n].Err).Reason != reason.Timeout {
				t.Errorf("the nodes do not tell which one is silent: %+v", silent)
			}
			send()
			network.Mend()
			s.recover()
			s.counts("", float64(sent))
		})
	}
}

// TestPartitionFromOneServer checks that late replies are not taken for those of the next attempt.
func TestPartitionFromOneServer(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	network := samplertest.NewProxy(t, "127.0.0.1:0", server)
	tgt := samplertest.TargetAt("one", network.Addr)
	tgt.Timeout = brief
	s := surveying(t, tgt)
	s.sample()
	samplertest.Work(t, server, 100, 0)
	s.sample()
	s.counts("", 100)
	for range 3 {
		network.Deafen()
		s.fail(reason.Timeout)
		samplertest.Work(t, server, 10, 0)
		network.Mend()
		s.sample()
	}
	s.counts("", 130)
}

// TestPartitionFromSentinels cuts the adapter off from those that know of a failover.
func TestPartitionFromSentinels(t *testing.T) {
	t.Parallel()
	primary := redistest.New(t)
	replica := primary.Replicas(1)[0]
	sentinels := redistest.NewSentinels(t, 3, masterName, primary, 1)
	tgt := samplertest.TargetAt("partition", "")
	tgt.Timeout = brief
	tgt.Sentinel = &target.Sentinel{MasterName: masterName}
	var networks []*samplertest.Proxy
	for _, node := range sentinels.Nodes {
		network := samplertest.NewProxy(t, "127.0.0.1:0", node)
		networks = append(networks, network)
		tgt.Sentinel.Addresses = append(tgt.Sentinel.Addresses, network.Addr)
	}
	s := surveying(t, tgt)
	s.sample()
	networks[0].Cut()
	s.sample()
	networks[0].Mend()

	// Two decide on a failover that the third has not heard of, and only the third is seen.
	sentinels.Nodes[0].Signal(syscall.SIGSTOP)
	primary.Kill()
	samplertest.Poll(t, "both know of the failover", func() bool {
		return !slices.ContainsFunc(sentinels.Nodes[1:], func(node *redistest.Server) bool {
			pair, _ := node.Do("sentinel", "get-master-addr-by-name", masterName).([]any)
			return len(pair) != 2 || pair[1] != samplertest.Port(t, replica)
		})
	})
	networks[1].Cut()
	networks[2].Cut()
	primary.Restart()
	sentinels.Nodes[0].Signal(syscall.SIGCONT)
	for range 3 {
		s.fail(reason.SentinelUnavailable)
	}
	networks[1].Mend()
	networks[2].Mend()
	if newest := s.recover(); newest.Nodes[0].Address != replica.Addr {
		t.Errorf("the primary is taken to be at %s, not at %s", newest.Nodes[0].Address, replica.Addr)
	}
	s.unknown(history.OneSample)
	s.sample()
	samplertest.Work(t, replica, 50, 0)
	s.sample()
	s.counts("command=exists", 50)
}
