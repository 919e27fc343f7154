package history

import "github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"

// To migrate slots atomically, a cluster of Redis 8.4 or newer, or Valkey 9, copies
// their keys by commands, which the importing primary counts like those of clients, and
// removes them at the node that had them. The nodes report that this is under way
// (Node.Migrating). A migration that begins and ends between two samples shows only in
// the calls of CLUSTER SYNCSLOTS, by which the two nodes communicate.
// Source: cluster_asm.c in Redis, cluster_migrateslots.c in Valkey.
const syncSlots = commandPrefix + "cluster|syncslots"

// Migrating reports whether a migration of slots was under way at a node or another
// node of its shard when they answered, because replicas repeat what their primary
// does. If a node counts as migrating because it refuses the question, refused is the
// reason.
func (s *Sample) Migrating(node *Node) (migrating bool, refused error) {
	for i := range s.Nodes {
		if other := &s.Nodes[i]; other.Migrating && other.sharesShard(node) {
			return true, other.Err
		}
	}
	return false, nil
}

// sharesShard reports whether two nodes of a sample belong to one shard.
func (n *Node) sharesShard(other *Node) bool {
	return n.Shard == other.Shard && (n.Shard != "" || n.sameNode(other))
}

// noteMigrations records which nodes a migration of slots may have changed since the
// sample before.
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

// syncCalls returns the record of CLUSTER SYNCSLOTS in commandstats, the zero Record if
// it was never called.
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
