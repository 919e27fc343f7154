package topology

import (
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// migrations is what is known of the shards of a cluster, by their primaries' IDs.
// Replicas replay a migration after their primary. Those of Redis never report it,
// those of Valkey only where slots arrive.
type migrations map[string]migration

type migration struct {
	// calls is how often the primary had been called in migrations at the last sample.
	calls int64
	// seen is when a migration was last under way, zero for never. offset is how far
	// replication was when one last mattered, and active reports whether it still does.
	seen   time.Time
	offset int64
	active bool
}

// settleTime is how long a migration matters after it was last under way. Redis 8.6 has
// been observed to report the end of a migration some 40 ms before it dropped the keys,
// at the source and at its replicas.
const settleTime = time.Second

// note marks the nodes of a sample, whose primaries come first, and reports whether any
// of them migrates. A primary counts as migrating also in the sample after a migration,
// and while it settles. A replica does until it has replayed what its primary wrote by
// then.
func (m *migrations) note(nodes []history.Node, primaries int) (any bool) {
	before := *m
	*m = make(migrations, primaries)
	byShard := map[string]migration{}
	for n := range nodes[:primaries] {
		node := &nodes[n]
		if node.Info == nil {
			continue
		}
		was, known := before[node.Name]
		now := migration{calls: callsIn(node.Info), seen: was.seen, offset: was.offset}
		offset, _ := node.Info.Int("master_repl_offset")
		if node.Migrating || known && now.calls != was.calls {
			now.seen = node.At
		}
		now.active = !now.seen.IsZero() && node.At.Sub(now.seen) < settleTime
		node.Migrating = now.active
		if now.active || offset < now.offset { // which another process of the server counts
			now.offset = offset
		}
		(*m)[node.Name], byShard[node.Shard] = now, now
		any = any || node.Migrating
	}
	for n := range nodes[primaries:] {
		replica := &nodes[primaries+n]
		if replica.Info == nil {
			continue
		}
		of := byShard[replica.Shard]
		offset, _ := replica.Info.Int("master_repl_offset")
		replica.Migrating = replica.Migrating || of.active || offset < of.offset
	}
	return any
}

// callsIn returns how often another server has called a server in migrations of slots.
// Both ends are called, when each begins and when it ends.
func callsIn(info *redisinfo.Info) int64 {
	record, _ := info.Record("cmdstat_cluster|syncslots")
	calls, _ := record.Int("calls") // absent until the first
	return calls
}
