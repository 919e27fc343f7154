package history

import (
	"cmp"
	"slices"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Sample is what the nodes of a target answered in one attempt.
type Sample struct {
	// At is when the first of the answers that count arrived, with a monotonic reading.
	At time.Time
	// Nodes are the nodes of the target, at least one. Those that count come first, in
	// a stable order.
	Nodes []Node
	// Probed are the results of the object's declared probes, in their order.
	Probed []probe.Result

	size int // of what it keeps, in bytes
}

// Node is one server process of a target, and its answer.
type Node struct {
	// Address is the host and port at which it was asked.
	Address string
	// Name identifies it: its ID in a cluster, otherwise its run_id.
	Name string
	// Shard is the number of its shard in a cluster, otherwise empty. It may change
	// while the node stays.
	Shard string
	// Replica means that it is a replica.
	Replica bool
	// At is when the answer arrived, with a monotonic reading.
	At time.Time
	// RoundTrip is the time from the request to At. The server read its counters within
	// it.
	RoundTrip time.Duration
	// Info is the server's INFO, nil if it did not answer.
	Info *redisinfo.Info
	// Own counts the commands of probes that the server has executed for this target's
	// loop before Info.
	Own probe.Calls
	// Migrating means that an atomic migration of slots, or the removal of the keys
	// that it moved, was under way when the node answered.
	Migrating bool
	// Outdated is why the node's keys may be older than its answer, nil if they are
	// not.
	Outdated error
	// NotRenewed is why the connection still uses old credentials, nil if it does not.
	NotRenewed error
	// Err is why the node did not answer, if the sample is valid without it, or why its
	// answer lacks the Info, or whether slots migrate.
	Err error

	// since is the instant of this process's first answer after its counters were last
	// reset.
	since time.Time
	// continues means that nothing reset them between the sample before and this one.
	continues bool
	// migrated is the newest instant before which a migration of slots may have changed
	// its counters, zero if none was seen.
	migrated time.Time
}

// NewSample returns a Sample of the nodes of a target. At least one of them answered.
func NewSample(probed []probe.Result, nodes ...Node) Sample {
	rank := func(n Node) int {
		switch {
		case n.Info == nil:
			return 2
		case n.Replica:
			return 1
		}
		return 0
	}
	slices.SortFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Address, b.Address))
	})
	s := Sample{At: nodes[0].At, Nodes: nodes, Probed: probed}
	for _, node := range s.Counted() {
		if node.At.Before(s.At) {
			s.At = node.At
		}
	}
	return s
}

// Counted returns the nodes whose metrics count unless replicas are asked for: the
// primaries that answered, or all nodes that answered if none of them is a primary.
func (s Sample) Counted() []Node {
	if primaries := slices.IndexFunc(s.Nodes, func(node Node) bool { return node.Replica || node.Info == nil }); primaries > 0 {
		return s.Nodes[:primaries]
	}
	if answered := slices.IndexFunc(s.Nodes, func(node Node) bool { return node.Info == nil }); answered > 0 {
		return s.Nodes[:answered]
	}
	return s.Nodes
}

// NotRenewed returns why a connection still uses old credentials, nil if none does.
func (s Sample) NotRenewed() error {
	for _, node := range s.Nodes {
		if node.NotRenewed != nil {
			return node.NotRenewed
		}
	}
	return nil
}

// find returns the answer of a node by its name and address, nil if there is none.
func (s *Sample) find(node *Node) *Node {
	for i := range s.Nodes {
		if other := &s.Nodes[i]; other.sameNode(node) {
			return other
		}
	}
	return nil
}

// sameNode reports whether two answers come from one node.
func (n *Node) sameNode(other *Node) bool { return n.Name == other.Name && n.Address == other.Address }

// link records since when each node has counted without a break, given the sample
// before.
func (s Sample) link(before Sample, drift time.Duration) {
	for n := range s.Nodes {
		now := &s.Nodes[n]
		now.since, now.continues = now.At, false
		if was := before.find(now); was != nil && now.continuous(was, drift) {
			now.continues = true
			now.since = was.since
			if was.since.IsZero() {
				now.since = was.At
			}
			now.migrated = was.migrated
		}
	}
	s.noteMigrations(before)
}

// joins reports whether a span may join a sample to the one before: the same nodes
// count, and none of them started over.
func (s Sample) joins(before Sample) bool {
	counted, earlier := s.Counted(), before.Counted()
	if len(counted) != len(earlier) {
		return false
	}
	for n := range counted {
		was, now := &earlier[n], &counted[n]
		if !was.sameNode(now) || !now.continues {
			return false
		}
	}
	return true
}

// continuous reports whether counters of two consecutive answers of a node may be
// subtracted. They may not if the wall clock has drifted from the monotonic clock.
func (n *Node) continuous(was *Node, drift time.Duration) bool {
	if n.Info == nil || was.Info == nil {
		return false
	}
	apart := wallClock(was.At, n.At) - n.At.Sub(was.At)
	return apart.Abs() <= drift && sameProcess(was.Info, n.Info)
}

// wallClock returns the time between two instants by the wall clock. The monotonic
// clock stands still while a virtual machine is suspended, and the wall clock jumps
// when it is set. If the two disagree, trust neither.
func wallClock(from, to time.Time) time.Duration {
	return to.Round(0).Sub(from.Round(0))
}
