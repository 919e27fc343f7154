package topology

import (
	"net"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func TestIPv6(t *testing.T) {
	a := redistest.NewAuthority(t)
	cert, key := a.Issue(samplertest.Tomorrow(), "::1")
	server := redistest.NewTLS(t, a, cert, key, "--bind", "127.0.0.1", "::1")
	at := func(addr string) string {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		return net.JoinHostPort("::1", port)
	}
	plain := surveying(t, samplertest.TargetAt("plain", at(server.Addr)))
	plain.sample()
	samplertest.Work(t, server, 100, 0)
	plain.sample()
	if _, err := samplertest.Read(t, plain.history, catalog.RequestsPerSecond); err != nil {
		t.Error(err)
	}
	surveying(t, samplertest.TargetAt("secure", at(server.TLSAddr))).by(&samplertest.Credentials{Newest: samplertest.Trusting(t, a)}).sample()
	replica := redistest.New(t, "--replicaof", "::1 "+samplertest.Port(t, server), "--repl-diskless-sync-delay", "0")
	tgt := samplertest.TargetAt("replicas", at(server.Addr))
	tgt.Replicas = true
	s := surveying(t, tgt)
	samplertest.Poll(t, "the replica is found by its IPv6 address", func() bool {
		newest := s.recover()
		return len(newest.Nodes) == 2 && newest.Nodes[1].Address == net.JoinHostPort("::1", samplertest.Port(t, replica))
	})
}

func TestIPv6Topologies(t *testing.T) {
	t.Parallel()
	const bind, loopback = "--bind", "::1"
	primary := redistest.New(t, bind, loopback)
	primary.Replicas(1, bind, loopback)
	sentinels := redistest.NewSentinels(t, 3, masterName, primary, 1, bind, loopback)
	c := redistest.NewCluster(t, 3, 3, bind, loopback)
	c.Calm()
	for name, tgt := range map[string]*target.Target{
		"sentinels": sentinelAt(sentinels),
		"cluster":   clusterAt(c),
	} {
		t.Run(name, func(t *testing.T) {
			tgt.Replicas = true
			s := surveying(t, tgt)
			s.sample()
			newest := s.sample()
			primaries, replicas, silent := roles(newest)
			if primaries == 0 || primaries != replicas || silent != 0 {
				t.Errorf("%d primaries, %d replicas and %d silent nodes", primaries, replicas, silent)
			}
			for _, node := range newest.Nodes {
				if !strings.HasPrefix(node.Address, "["+loopback+"]:") {
					t.Errorf("the node at %s is not named by its IPv6 address", node.Address)
				}
			}
			if _, err := s.requests(""); err != nil {
				t.Error(err)
			}
		})
	}
}
