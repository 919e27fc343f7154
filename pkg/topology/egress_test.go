package topology

import (
	"slices"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func TestEveryHopAsksThePolicy(t *testing.T) {
	t.Parallel()
	only := func(addr string) *egress.Policy {
		allowed, err := egress.ParseRange(addr)
		if err != nil {
			t.Fatal(err)
		}
		return samplertest.Restricted(t, egress.Config{AllowLoopback: true, Allowed: []egress.Range{allowed}})
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
		"a sentinel names it": {sentinelAt(sentinels), only("127.0.0.1/32:" + samplertest.Port(t, sentinels.Nodes[0])), reason.AddressRefused},
		"a cluster names it":  {tgt, only("127.0.0.1/32:" + samplertest.Port(t, cluster.Nodes[0])), reason.ShardUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s := surveying(t, test.target).over(test.policy, &samplertest.Credentials{Newest: &credentials.Credentials{}})
			s.fail(test.want)
			if !slices.ContainsFunc(s.history.Nodes(), func(n history.Node) bool {
				return n.Err != nil && reason.Classify(n.Err).Reason == reason.AddressRefused
			}) {
				t.Errorf("no node was refused: %+v", s.history.Nodes())
			}
		})
	}
}
