package redistest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

const (
	// nodeTimeout is after how many milliseconds the nodes of a Cluster consider a node
	// that does not answer failed.
	nodeTimeout = "2000"
	// calmTimeout is longer than a busy machine makes a node wait.
	calmTimeout = "60000"
)

// meetAgain is after how long nodes are introduced to each other again, because a node
// gives up a handshake that takes longer than its timeout.
// Source: clusterCron in Redis' cluster_legacy.c.
const meetAgain = 5 * time.Second

// slots is how many hash slots a cluster has.
const slots = 16384

// Cluster is a Redis Cluster. The first Nodes are primaries, each with an equal part of
// the slots in their order. The others are their replicas in turn.
type Cluster struct {
	Nodes   []*Server
	program Program
	timeout string // of the nodes once they know each other
	t       testing.TB
}

// NewCluster starts a cluster of the default program.
func NewCluster(t testing.TB, primaries, replicas int, args ...string) *Cluster {
	t.Helper()
	return Default(t).NewCluster(t, primaries, replicas, args...)
}

// NewCluster starts a cluster and waits until each node sees all others and each
// replica is connected. Each server gets the arguments.
func (p Program) NewCluster(t testing.TB, primaries, replicas int, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{program: p, timeout: cmp.Or(argument(args, "--cluster-node-timeout"), nodeTimeout), t: t}
	for range primaries + replicas {
		c.Add(args...)
	}
	for n, node := range c.Nodes[:primaries] {
		node.Do("cluster", "addslotsrange", n*slots/primaries, (n+1)*slots/primaries-1)
		node.Do("cluster", "set-config-epoch", n+1)
	}
	c.Meet()
	for n, replica := range c.Nodes[primaries:] {
		replica.Do("cluster", "replicate", c.Nodes[n%primaries].ID())
	}
	for _, node := range c.Nodes {
		node.awaitCluster("the cluster is up", func() bool {
			info := node.text("cluster", "info")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_size:"+strconv.Itoa(primaries)+"\r\n") &&
				c.shown(node) == primaries+replicas && !strings.Contains(node.text("info", "replication"), "master_link_status:down")
		})
	}
	return c
}

// Add starts a node that belongs to no shard. Meet lets it join.
func (c *Cluster) Add(args ...string) *Server {
	c.t.Helper()
	args = append([]string{
		"--cluster-enabled", "yes", "--cluster-node-timeout", c.timeout,
		"--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1",
	}, args...)
	if password := argument(args, "--requirepass"); password != "" {
		args = append(args, "--masterauth", password)
	}
	node := c.program.New(c.t, args...)
	c.Nodes = append(c.Nodes, node)
	return node
}

// Meet introduces all nodes to each other, and waits until they know each other.
func (c *Cluster) Meet() {
	c.t.Helper()
	c.setTimeout(calmTimeout) // a handshake that takes longer fails
	defer func() { c.setTimeout(c.timeout) }()
	introduce := func() time.Time {
		for i, node := range c.Nodes {
			host, port := node.link()
			for _, other := range c.Nodes[:i] {
				other.Do("cluster", "meet", host, port, node.bus)
			}
		}
		return time.Now()
	}
	introduced := introduce()
	for _, node := range c.Nodes {
		node.awaitCluster("the node knows the others", func() bool {
			if time.Since(introduced) > meetAgain {
				introduced = introduce()
			}
			known := node.text("cluster", "nodes")
			return strings.Count(known, "\n") == len(c.Nodes) && !strings.Contains(known, "handshake")
		})
	}
}

// Calm makes the nodes wait longer for each other, for tests in which none fails. On a
// busy machine they would consider each other failed.
func (c *Cluster) Calm() {
	c.t.Helper()
	c.timeout = calmTimeout
	c.setTimeout(c.timeout)
}

func (c *Cluster) setTimeout(milliseconds string) {
	c.t.Helper()
	for _, node := range c.Nodes {
		node.Do("config", "set", "cluster-node-timeout", milliseconds)
	}
}

// MoveKeys moves a slot with all its keys to another primary, like resharding.
func (c *Cluster) MoveKeys(slot int, from, to *Server) {
	c.t.Helper()
	to.Do("cluster", "setslot", slot, "importing", from.ID())
	from.Do("cluster", "setslot", slot, "migrating", to.ID())
	keys, ok := from.Do("cluster", "getkeysinslot", slot, 1000).([]any)
	host, port := to.link()
	if !ok {
		c.t.Fatal("the keys of the slot are not known")
	}
	for _, key := range keys {
		from.Do("migrate", host, port, key, 0, startWithin.Milliseconds())
	}
	c.Move(slot, slot, to)
}

// Move moves a range of slots without keys to another primary, including both ends.
func (c *Cluster) Move(first, last int, to *Server) {
	c.t.Helper()
	id := to.ID()
	c.outrank(to)
	for _, node := range append([]*Server{to}, slices.DeleteFunc(slices.Clone(c.Nodes), func(s *Server) bool { return s == to })...) {
		if !strings.Contains(node.text("info", "replication"), "role:master") {
			continue
		}
		pipe := node.Client().Pipeline()
		for slot := first; slot <= last; slot++ {
			pipe.Do(c.t.Context(), "cluster", "setslot", slot, "node", id)
		}
		if _, err := pipe.Exec(c.t.Context()); err != nil {
			c.t.Fatalf("moving slots: %v", err)
		}
	}
}

// outrank gives a node a greater epoch than all others. If two nodes claim a slot, all
// believe the greater epoch. Without it, a claim of the old owner that is still under
// way would take back a slot that has just moved.
func (c *Cluster) outrank(node *Server) {
	c.t.Helper()
	greatest := int64(0)
	for _, other := range c.Nodes {
		greatest = max(greatest, c.epoch(other, "my"))
	}
	node.awaitCluster("the node knows the greatest epoch", func() bool { return c.epoch(node, "current") >= greatest })
	node.Do("cluster", "bumpepoch")
}

// epoch returns a node's own configuration epoch, "my", or the greatest that it knows,
// "current".
func (c *Cluster) epoch(node *Server, which string) int64 {
	c.t.Helper()
	info, err := new(redisinfo.Parser).Parse([]byte(node.text("cluster", "info"))) // which is written as INFO is
	if err != nil {
		c.t.Fatal(err)
	}
	epoch, err := info.Int("cluster_" + which + "_epoch")
	if err != nil {
		c.t.Fatal(err)
	}
	return epoch
}

// shown returns how many nodes CLUSTER SLOTS shows. It leaves out a replica that has not received anything
// yet.
func (c *Cluster) shown(node *Server) int {
	c.t.Helper()
	ranges, ok := node.Do("cluster", "slots").([]any)
	if !ok {
		c.t.Fatal("CLUSTER SLOTS is not a list")
	}
	n := 0
	for _, one := range ranges {
		if entry, ok := one.([]any); ok {
			n += len(entry) - len([]string{"first slot", "last slot"})
		}
	}
	return n
}

// awaitCluster waits until a condition holds. If it never does, the test fails with the
// node's view.
func (s *Server) awaitCluster(what string, holds func() bool) {
	s.t.Helper()
	s.await(what, holds, "cluster", "nodes")
}

// ID is the node's name in its cluster.
func (s *Server) ID() string {
	s.t.Helper()
	return s.text("cluster", "myid")
}
