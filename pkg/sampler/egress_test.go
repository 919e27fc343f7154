package sampler

import (
	"net"
	"slices"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// TestRefusedAddressIsNotDialed asks the server itself whether anybody came.
func TestRefusedAddressIsNotDialed(t *testing.T) {
	server := redistest.New(t)
	server.Do("config", "resetstat")
	for _, host := range []string{"127.0.0.1", "::ffff:127.0.0.1", "localhost"} {
		o := probing(t, targetAt("refused", net.JoinHostPort(host, port(t, server))))
		o.poller.egress = restricted(t, egress.Config{})
		for range 2 {
			o.fail(reason.AddressRefused)
		}
	}
	if got := text(t, probing(t, targetAt("allowed", server.Addr)).sample().Nodes[0].Info, "total_connections_received"); got != "1" {
		t.Errorf("the server counts %s connections, want the last alone", got)
	}
}

// TestEveryHopAsksThePolicy holds that neither a sentinel nor a node of a cluster
// leads to an address that is refused: only the first one may be dialed here.
func TestEveryHopAsksThePolicy(t *testing.T) {
	t.Parallel()
	only := func(addr string) *egress.Policy {
		allowed, err := egress.ParseRange(addr)
		if err != nil {
			t.Fatal(err)
		}
		return restricted(t, egress.Config{AllowLoopback: true, Allowed: []egress.Range{allowed}})
	}
	primary := redistest.New(t)
	sentinels := redistest.NewSentinels(t, 1, masterName, primary, 0)
	cluster := redistest.NewCluster(t, 2, 0)
	tgt := clusterAt(cluster)
	tgt.Cluster.Addresses = []string{cluster.Nodes[0].Addr}
	for name, test := range map[string]struct {
		target *target.Target
		policy *egress.Policy
		want   reason.Reason
	}{
		"a sentinel names it": {sentinelAt(sentinels), only("127.0.0.1/32:" + port(t, sentinels.Nodes[0])), reason.AddressRefused},
		"a cluster names it":  {tgt, only("127.0.0.1/32:" + port(t, cluster.Nodes[0])), reason.ShardUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s := surveying(t, test.target)
			s.nodes.close()
			by := s.nodes.deps
			by.egress = test.policy
			s.nodes = newNodes(test.target, by)
			s.fail(test.want)
			if !slices.ContainsFunc(s.history.Nodes(), func(n history.Node) bool {
				return n.Err != nil && reason.Classify(n.Err).Reason == reason.AddressRefused
			}) {
				t.Errorf("no node was refused: %+v", s.history.Nodes())
			}
		})
	}
}

func port(t *testing.T, server *redistest.Server) string {
	t.Helper()
	_, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
