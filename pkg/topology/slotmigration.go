package topology

import (
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// migrations is what is known of the shards of a cluster by their primaries' IDs.
// Replicas replay a migration after their primary and do not report it: Redis
// never does, Valkey only where slots arrive.
type migrations map[string]migration

type migration struct {
	// calls is how often the primary was called in migrations by the last sample.
	calls int64
	// seen is when one was last found under way, zero for never, offset how far
	// replication was when it had last to be reckoned with, and active says that it
	// still has.
	seen   time.Time
	offset int64
	active bool
}

// settleTime is how long a migration is reckoned with after it was last found under
// way. The source of Redis 8.6 was seen to say that all is done, and to drop the
// keys and tell its replicas to some 40 ms later.
const settleTime = time.Second

// note marks the nodes of a sample, its primaries first, and reports whether one
// of them migrates. A primary does in the sample after a migration too, and
// while it settles; a replica does until it has replayed what its primary wrote
// by then.
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

// callsIn returns how often a server was called by another one in migrations of
// slots: both ends are, at the beginning and at the end of each.
func callsIn(info *redisinfo.Info) int64 {
	record, _ := info.Record("cmdstat_cluster|syncslots")
	calls, _ := record.Int("calls") // absent until the first
	return calls
}
