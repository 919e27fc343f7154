package history

import "github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"

// A cluster that migrates slots atomically copies their keys by commands, which
// the importing primary counts as those of clients, and removes them at the node
// that had them: Redis 8.4 and newer, and Valkey 9. The nodes themselves report
// that this is under way (Node.Migrating). One that begins and ends between two
// samples shows in the calls of CLUSTER SYNCSLOTS alone, by which its ends talk.
// Source: cluster_asm.c in Redis, cluster_migrateslots.c in Valkey.
const syncSlots = commandPrefix + "cluster|syncslots"

// Migrating reports whether a migration of slots was under way at a node or at
// another one of its shard, when they answered: replicas repeat what their
// primary does. Where a node is taken to migrate because it refuses to tell, it
// returns the reason.
func (s *Sample) Migrating(node *Node) (migrating bool, refused error) {
	for i := range s.Nodes {
		if other := &s.Nodes[i]; other.Migrating && other.sharesShard(node) {
			return true, other.Err
		}
	}
	return false, nil
}

// sharesShard reports whether two nodes of a sample have the same data.
func (n *Node) sharesShard(other *Node) bool {
	return n.Shard == other.Shard && (n.Shard != "" || n.sameNode(other))
}

// noteMigrations notes which nodes may have been changed by a migration of slots
// since the sample before.
func (s Sample) noteMigrations(before Sample) {
	for i := range s.Nodes {
		now := &s.Nodes[i]
		was := before.find(now)
		if !now.Migrating && (was == nil || !was.Migrating && syncCalls(was.Info) == syncCalls(now.Info)) {
			continue
		}
		for j := range s.Nodes {
			if other := &s.Nodes[j]; now.sharesShard(other) {
				other.migrated = other.At
			}
		}
	}
}

// syncCalls is what commandstats says of CLUSTER SYNCSLOTS, the zero Record if it
// was never called.
func syncCalls(info *redisinfo.Info) redisinfo.Record {
	if info == nil {
		return redisinfo.Record{}
	}
	told, _ := info.Record(syncSlots)
	return told
}

// Migrated reports whether a migration of slots may have changed the counters of
// a node of Last within the span.
func (s *Span) Migrated(last *Node) bool {
	first := s.First.find(last)
	return first != nil && last.migrated.After(first.At)
}
