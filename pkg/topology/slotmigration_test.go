package topology

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestMigrationsAreNotedForReplicas(t *testing.T) {
	now := time.Now()
	sample := func(calls, offset, replayed int, active bool) []history.Node {
		now = now.Add(settleTime)
		primary := answering(t, "role:master", "cmdstat_cluster|syncslots:calls="+strconv.Itoa(calls)+",usec=1", "master_repl_offset:"+strconv.Itoa(offset)).Node
		replica := answering(t, "role:slave", "master_repl_offset:"+strconv.Itoa(replayed)).Node
		primary.Name, primary.Shard, primary.Migrating, primary.At = "p", "0", active, now
		replica.Name, replica.Shard = "r", "0"
		return []history.Node{primary, replica}
	}
	steps := []struct {
		says                    string
		nodes                   []history.Node
		wantPrimary, wantOfThem bool
	}{
		{"nothing has happened", sample(2, 10, 5, false), false, false},
		{"one is under way", sample(3, 20, 15, true), true, true},
		{"it goes on", sample(3, 50, 30, true), true, true},
		{"it has ended since", sample(4, 90, 60, false), true, true},
		{"the replica is behind", sample(4, 95, 89, false), false, true},
		{"the replica has caught up", sample(4, 95, 90, false), false, false},
		{"one came and went between", sample(6, 120, 120, false), true, true},
		{"all is well", sample(6, 120, 120, false), false, false},
		{"the primary restarts and has no copy of its data", sample(6, 3, 3, false), false, false},
		{"the replica follows", sample(6, 4, 4, false), false, false},
	}
	var m migrations
	for _, step := range steps {
		active := m.note(step.nodes, 1)
		if step.nodes[0].Migrating != step.wantPrimary || active != step.wantPrimary || step.nodes[1].Migrating != step.wantOfThem {
			t.Errorf("%s: the primary migrates %t, its replica %t; want %t, %t", step.says,
				step.nodes[0].Migrating, step.nodes[1].Migrating, step.wantPrimary, step.wantOfThem)
		}
	}
	ends := sample(7, 130, 130, false)
	soon := sample(7, 130, 130, false)
	soon[0].At = ends[0].At.Add(settleTime - 1)
	if !m.note(ends, 1) || !m.note(soon, 1) || !soon[1].Migrating {
		t.Error("a migration is over before it has settled")
	}
	silent := []history.Node{{Name: "p", Shard: "0", Err: &reason.Error{Reason: reason.Timeout}}, sample(6, 4, 4, false)[1]}
	if m.note(silent, 1) || silent[1].Migrating {
		t.Error("a primary that does not answer migrates")
	}
}

// replayed is how often a node executed what only a migration has it execute.
func replayed(t *testing.T, node history.Node) int64 {
	t.Helper()
	sum := int64(0)
	for name, record := range node.Info.Records("cmdstat_") {
		switch name {
		case "set", "unlink", "del", "restore", "trimslots", "cluster|flushslot":
			calls, err := record.Int("calls")
			if err != nil {
				t.Fatal(err)
			}
			sum += calls
		}
	}
	return sum
}

// TestAtomicMigrationIsSeen compares each sample of a cluster that nobody uses with
// what is true while slots migrate: where keys or calls are false, the node
// says so in the sample or in the one before.
func TestAtomicMigrationIsSeen(t *testing.T) {
	redistest.Each(t, func(t *testing.T, p redistest.Program) {
		if p.MigratesSlots() {
			testAtomicMigration(t, p)
		}
	})
}

func testAtomicMigration(t *testing.T, p redistest.Program) {
	const keys = 3000
	c := p.NewCluster(t, 2, 2)
	c.Calm()
	pipe := c.Nodes[1].Client().Pipeline()
	for n := range keys {
		pipe.Set(t.Context(), "{a}"+strconv.Itoa(n), strings.Repeat("x", 1000), 0)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Nodes[1].Do("wait", 1, samplertest.Patience.Milliseconds())
	tgt := clusterAt(c)
	tgt.Replicas = true
	tgt.Probes = probe.Compile([]*probe.Probe{probe.KeysCount("*", "", keys)})
	s := surveying(t, tgt)
	before := s.sample()
	samplertest.Poll(t, "a pass over the keys is complete", func() bool { before = s.sample(); return before.Probed[0].Err == nil })
	slot := slotOf(t, c, "{a}")
	for round := range 2 {
		m := c.StartMigration(slot, slot, c.Nodes[1-round], c.Nodes[round])
		seen := 0
		for ended := 0; ended < 20; {
			if err := s.attempt(); err != nil {
				t.Fatalf("%v (%v)", err, reason.Classify(err).Cause)
			}
			newest, _ := s.history.Newest()
			seen += compareMigration(t, before, newest, keys)
			before = newest
			if ended > 0 || m.State() == "success" || m.State() == "completed" {
				ended++
			}
		}
		m.Wait()
		if seen == 0 {
			t.Error("the migration was not seen")
		}
		samplertest.Poll(t, "the keys are counted again", func() bool {
			before = s.recover()
			compareMigration(t, before, before, keys)
			return before.Probed[0].Err == nil && !before.Nodes[0].Migrating && !before.Nodes[1].Migrating
		})
	}
}

// compareMigration compares two samples one after the other, and returns how many nodes migrate.
func compareMigration(t *testing.T, before, newest history.Sample, keys int64) (migrating int) {
	t.Helper()
	sum := int64(0)
	primaries := newest.Counted()
	for n, node := range newest.Nodes {
		if node.Migrating {
			migrating++
		}
		if node.Info == nil {
			t.Errorf("node %s: %v", node.Name, node.Err)
			continue
		}
		held, err := node.Info.Keyspace(0)
		if err != nil {
			t.Fatal(err)
		}
		if n < len(primaries) {
			sum += held.Keys
		}
		was := before.Nodes[n]
		if was.Name == node.Name && was.Info != nil && replayed(t, node) != replayed(t, was) && !node.Migrating && !was.Migrating {
			t.Errorf("node %s executed %d commands of a migration that does not show", node.Name, replayed(t, node)-replayed(t, was))
		}
	}
	if sum != keys && !primaries[0].Migrating && !primaries[1].Migrating {
		t.Errorf("%d keys while no migration shows, want %d", sum, keys)
	}
	if got := newest.Probed[0]; got.Err == nil && got.Value != float64(keys) {
		t.Errorf("a pass counts %v keys, want %d", got.Value, keys)
	}
	return migrating
}

// TestValkeyThatRefusesToTellOfMigrations has all else known.
func TestValkeyThatRefusesToTellOfMigrations(t *testing.T) {
	redistest.Each(t, func(t *testing.T, p redistest.Program) {
		c := p.NewCluster(t, 1, 0)
		c.Calm()
		tgt := clusterAt(c)
		tgt.Probes = probe.Compile([]*probe.Probe{probe.List("jobs")})
		admin := samplertest.Restrict(t, c.Nodes[0], samplertest.ACLRules(t)) // without the rule for Valkey 9
		s := surveying(t, tgt)
		s.sample()
		newest := s.sample()
		refused := p.AtLeast(redistest.Valkey, 9, 0)
		if node := newest.Nodes[0]; node.Migrating != refused || (reason.Classify(node.Err).Reason == reason.MigrationsRefused) != refused {
			t.Errorf("the node migrates: %t, %v", node.Migrating, node.Err)
		}
		if got := newest.Probed[0]; got.Err != nil || got.Value != 0 {
			t.Errorf("a list has %v, %v", got.Value, got.Err)
		}
		if !refused {
			return
		}
		errorsBefore := samplertest.Text(t, newest.Nodes[0].Info, "total_error_replies")
		if newest = s.sample(); samplertest.Text(t, newest.Nodes[0].Info, "total_error_replies") != errorsBefore {
			t.Error("the server is asked again what it refused")
		}
		if err := admin.Do(t.Context(), "acl", "setuser", "default", "+cluster|getslotmigrations").Err(); err != nil {
			t.Fatal(err)
		}
		s = surveying(t, tgt)
		if node := s.sample().Nodes[0]; node.Migrating || node.Err != nil {
			t.Errorf("with the rule the node migrates: %t, %v", node.Migrating, node.Err)
		}
	})
}
