package sampler

import (
	"errors"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// halves are two shards that own all slots.
func halves() []shard {
	return []shard{
		{primary: member{"a", "10.0.0.1:6379"}, slots: []slotRange{{0, 8191}}},
		{primary: member{"b", "10.0.0.2:6379"}, slots: []slotRange{{8192, allSlots - 1}}},
	}
}

// seeing are the answers of healthy primaries that see these shards.
func seeing(t *testing.T, shards func() []shard) []result {
	t.Helper()
	answers := make([]result, len(shards()))
	for n, one := range shards() {
		answers[n] = answering(t, "role:master", "run_id:"+one.primary.id)
		answers[n].shards = shards()
	}
	return answers
}

// knowingShards is a cluster whose shards are known from the attempt before.
func knowingShards(shards []shard) *cluster {
	tgt := &target.Target{Cluster: &target.Cluster{}}
	return &cluster{target: tgt, shards: shards}
}

func TestClusterSettles(t *testing.T) {
	gap := func() []shard {
		shards := halves()
		shards[1].slots[0].first++
		return shards
	}
	elsewhere := func() []shard {
		shards := halves()
		shards[1].primary.address = "10.0.0.9:6379"
		return shards
	}
	renamed := func() []shard {
		shards := halves()
		shards[1].primary.id = "c"
		return shards
	}
	three := func() []shard {
		shards := halves()
		shards[1].slots[0].last = 12000
		return append(shards, shard{primary: member{"c", "10.0.0.3:6379"}, slots: []slotRange{{12001, allSlots - 1}}})
	}
	for name, test := range map[string]struct {
		shards  func() []shard
		partial bool
		change  func(answers []result)
		want    reason.Reason // of the failure
		moved   bool
	}{
		"all is well":             {shards: halves},
		"slots without an owner":  {shards: gap, want: reason.SlotsUncovered},
		"a part that is enough":   {shards: gap, partial: true},
		"one sees another owner":  {shards: three, change: func(answers []result) { answers[2].shards = halves() }, want: reason.TopologyUnsettled},
		"a primary was demoted":   {shards: halves, change: func(answers []result) { answers[1].Replica = true }, want: reason.TopologyUnsettled},
		"two are one server":      {shards: halves, change: func(answers []result) { answers[1].Name = "a" }, want: reason.SharedServer},
		"a node moved":            {shards: halves, change: func(answers []result) { answers[0].shards, answers[1].shards = elsewhere(), elsewhere() }, moved: true},
		"a node was replaced":     {shards: halves, change: func(answers []result) { answers[0].shards, answers[1].shards = renamed(), renamed() }, moved: true},
		"a shard does not answer": {shards: halves, change: func(answers []result) { answers[1] = result{err: &reason.Error{Reason: reason.Timeout}} }, want: reason.ShardUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			c := knowingShards(test.shards())
			c.target.Cluster.AllowPartial = test.partial
			asked, err := c.endpoints(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			answers := seeing(t, test.shards)
			if test.change != nil {
				test.change(answers)
			}
			sample, err := c.assemble(asked, answers)
			switch {
			case test.moved:
				if !errors.Is(err, errTopologyChanged) {
					t.Errorf("settle = %v, want that the nodes be asked again", err)
				}
			case test.want != "":
				if err == nil || reason.Classify(err).Reason != test.want {
					t.Errorf("settle = %v, want %s", err, test.want)
				}
			case err != nil || len(sample.Nodes) != len(asked):
				t.Errorf("settle = %+v, %v", sample, err)
			}
		})
	}
}

// TestPassOverKeysThatMoveIsNone holds passes over keys against slots that move
// between nodes, and against atomic migrations.
func TestPassOverKeysThatMoveIsNone(t *testing.T) {
	moved := func() []shard {
		shards := halves()
		shards[0].slots[0].last--
		shards[1].slots[0].first--
		return shards
	}
	c := knowingShards(halves())
	c.target.Probes = probe.Compile([]*probe.Probe{probe.KeysCount("*", "", 10)})
	at := time.Now()
	pass := func(shards func() []shard, began time.Time, migrating bool) error {
		t.Helper()
		at = at.Add(settling)
		asked, err := c.endpoints(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		answers := seeing(t, shards)
		for n := range answers {
			answers[n].probed = []probe.Result{{Value: 1, Began: began, Ended: began}}
			answers[n].Migrating, answers[n].At = migrating && n == 1, at
		}
		sample, err := c.assemble(asked, answers)
		if err != nil {
			t.Fatal(err)
		}
		return sample.Probed[0].Err
	}
	begun := time.Now()
	if err := pass(halves, begun, false); err != nil {
		t.Errorf("a pass while all is at rest: %v", err)
	}
	if err := pass(moved, begun, false); !errors.Is(err, probe.ErrNoScan) {
		t.Errorf("a pass in which slots moved: %v", err)
	}
	if err := pass(moved, time.Now(), false); err != nil {
		t.Errorf("a pass since slots moved: %v", err)
	}
	begun = time.Now()
	if err := pass(moved, begun, true); !errors.Is(err, probe.ErrNoScan) {
		t.Errorf("a pass in which slots migrate: %v", err)
	}
	if err := pass(moved, begun, false); !errors.Is(err, probe.ErrNoScan) {
		t.Errorf("a pass that a migration ended in: %v", err)
	}
	if err := pass(moved, time.Now(), false); err != nil {
		t.Errorf("a pass since the migration: %v", err)
	}
}

// TestSentinelsPrimaryMustSayThatItIsOne holds what sentinels name against its own word.
func TestSentinelsPrimaryMustSayThatItIsOne(t *testing.T) {
	s := newSentinel(sentinelTarget(), open(t))
	asked := s.replication.endpoints("10.0.0.1:6379", request{})
	if _, err := s.assemble(asked, []result{answering(t, "role:master")}); err != nil {
		t.Error(err)
	}
	if _, err := s.assemble(asked, []result{answering(t, "role:slave")}); err == nil || reason.Classify(err).Reason != reason.TopologyUnsettled {
		t.Errorf("settle = %v, want %s", err, reason.TopologyUnsettled)
	}
}

func sentinelTarget() *target.Target {
	tgt := targetAt("sentinel", "")
	tgt.Sentinel = &target.Sentinel{MasterName: masterName, Addresses: []string{"10.0.0.9:26379"}}
	return tgt
}
