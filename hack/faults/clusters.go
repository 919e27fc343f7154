package faults

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// ClusterArguments returns the arguments of a node that a Cluster fault can affect: other shards serve
// while one is gone.
func ClusterArguments() []string {
	return append(Persistent(), "--cluster-require-full-coverage", "no", "--cluster-node-timeout", "2500")
}

// clusters returns the rows of a Redis Cluster.
func clusters() []Fault {
	// An attempt ends with Timeout if too few nodes answered to agree.
	gone := []reason.Reason{reason.ShardUnavailable, reason.TopologyUnsettled, reason.ClusterDown, reason.Timeout}
	return []Fault{
		{
			Name: "a shard is killed, and restarted later", How: "SIGKILL of a primary without a replica, restart with its data", Scope: Cluster,
			Levels: verifier.Holds, Rates: verifier.Holds, Within: 6, Reasons: gone,
			inject: func(ctx context.Context, s *Subject, hold func()) error {
				err := s.breaks(func() error {
					s.Cluster.Nodes[1].Kill()
					hold()
					s.Cluster.Nodes[1].Restart()
					return nil
				})
				return errors.Join(err, s.settledCluster(ctx))
			},
		},
		{
			Name: "a shard is suspended", How: "SIGSTOP of a primary without a replica, SIGCONT", Scope: Cluster,
			Levels: verifier.Holds, Rates: verifier.Holds, Within: 6, Reasons: gone,
			inject: func(ctx context.Context, s *Subject, hold func()) error {
				s.Cluster.Nodes[2].Signal(syscall.SIGSTOP)
				hold()
				s.Cluster.Nodes[2].Signal(syscall.SIGCONT)
				return s.settledCluster(ctx)
			},
		},
		{
			Name: "a primary is killed, its replica takes over (failover)", How: "SIGKILL; it returns later as a replica", Scope: Cluster,
			Levels: verifier.Renews, Rates: verifier.Renews, Within: 6, Brief: true, inject: usurped(true),
		},
		{
			Name: "an operator starts a failover of a shard", How: "CLUSTER FAILOVER", Scope: Cluster,
			Levels: verifier.Renews, Rates: verifier.Renews, Within: 6, Brief: true, inject: usurped(false),
		},
		{
			Name: "a slot with its keys moves to another shard", How: "CLUSTER SETSLOT, MIGRATE", Scope: Cluster, Within: 4,
			// The key that moves, and scans of keys, which begin again.
			Except: []Exception{
				except("the length of a list", verifier.Renews, verifier.MadeOf(verifier.Backlog)),
				except("a sum over keys", verifier.Renews, verifier.MadeOf(verifier.AllKeys)),
				// It is unknown what a script called before the server redirected it.
				except("`requests-per-second`", verifier.Renews, []string{verifier.RequestsPerSecond, "command-latency-mean-microseconds"}),
			},
			Blurs: blurred(2), Brief: true, inject: resharded,
		},
		{
			Name: "a slot with many keys moves to another shard atomically", How: "CLUSTER MIGRATION IMPORT (Redis 8.4), CLUSTER MIGRATESLOTS (Valkey 9)", Scope: Cluster,
			Levels: verifier.Renews, Rates: verifier.Renews, Within: 6, Brief: true, Needs: redistest.Program.MigratesSlots, inject: migrated,
		},
	}
}

// leaders returns the primary and the replica of the first shard.
func (s *Subject) leaders(ctx context.Context) (primary, replica *redistest.Server, err error) {
	first, other := s.Cluster.Nodes[0], s.Cluster.Nodes[3]
	text, err := first.Client().Info(ctx, "replication").Result()
	if strings.Contains(text, "role:slave") {
		first, other = other, first
	}
	return first, other, err
}

func usurped(kill bool) func(context.Context, *Subject, func()) error {
	return func(ctx context.Context, s *Subject, hold func()) error {
		primary, replica, err := s.leaders(ctx)
		if err != nil {
			return err
		}
		err = s.breaks(func() error {
			if kill {
				primary.Kill()
			} else {
				replica.Do("cluster", "failover")
			}
			hold()
			return s.until(ctx, "the replica takes over", func(ctx context.Context) bool {
				text, err := replica.Client().Info(ctx, "replication").Result()
				return err == nil && strings.Contains(text, "role:master")
			})
		})
		if err != nil {
			return err
		}
		if kill {
			primary.Restart()
		}
		err = s.until(ctx, "the old primary follows the new one", func(ctx context.Context) bool { return follows(ctx, primary) })
		return errors.Join(err, s.settledCluster(ctx), s.Load.Remeasure(ctx))
	}
}

// resharded moves the slot of the backlog to another shard.
func resharded(ctx context.Context, s *Subject, hold func()) error {
	hold()
	from, _, err := s.leaders(ctx)
	if err != nil {
		return err
	}
	to := s.Cluster.Nodes[1]
	slot, err := from.Client().ClusterKeySlot(ctx, verifier.Backlog).Result()
	if err != nil {
		return err
	}
	owned, err := from.Client().ClusterGetKeysInSlot(ctx, int(slot), 1).Result()
	if err != nil {
		return err
	}
	if len(owned) == 0 {
		from, to = to, from
	}
	s.Cluster.MoveKeys(int(slot), from, to)
	return s.settledCluster(ctx)
}

const (
	// stocked is how many keys move atomically, and each is the size of one in bytes. The migration outlasts several
	// samples.
	stocked, each = 3000, 8 << 10
)

// stock returns the hash tag of the keys that move, which at first are in a slot of the
// second shard.
func stock() string {
	n := 0
	for verifier.Shard(fmt.Sprint("stock-", n)) != 1 {
		n++
	}
	return fmt.Sprint("stock-", n)
}

// migrated moves a slot with many keys from the second shard to the first, and back.
func migrated(ctx context.Context, s *Subject, hold func()) error {
	hold()
	first, _, err := s.leaders(ctx)
	if err != nil {
		return err
	}
	if err := s.Load.Stock(ctx, stock(), stocked, each); err != nil {
		return err
	}
	from, to, slot := s.Cluster.Nodes[1], first, verifier.Slot(stock())
	owned, err := from.Client().ClusterGetKeysInSlot(ctx, slot, 1).Result()
	if err != nil {
		return err
	}
	if len(owned) == 0 {
		from, to = to, from
	}
	s.Cluster.MigrateSlots(slot, slot, from, to)
	return errors.Join(s.Load.Stock(ctx, stock(), 0, 0), s.settledCluster(ctx))
}

// settledCluster waits until each node reports that the cluster is healthy.
func (s *Subject) settledCluster(ctx context.Context) error {
	return s.until(ctx, "the cluster is well", func(ctx context.Context) bool {
		for _, node := range s.Cluster.Nodes {
			info, err := node.Client().ClusterInfo(ctx).Result()
			nodes, errNodes := node.Client().ClusterNodes(ctx).Result()
			if err != nil || errNodes != nil || !strings.Contains(info, "cluster_state:ok") || strings.Contains(nodes, "fail") {
				return false
			}
		}
		return true
	})
}
