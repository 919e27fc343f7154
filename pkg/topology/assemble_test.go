package topology

import (
	"errors"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// halves are two shards that own all slots.
func halves() []poller.Shard {
	return []poller.Shard{
		{Primary: poller.Member{ID: "a", Address: "10.0.0.1:6379"}, Slots: []poller.SlotRange{{First: 0, Last: 8191}}},
		{Primary: poller.Member{ID: "b", Address: "10.0.0.2:6379"}, Slots: []poller.SlotRange{{First: 8192, Last: poller.AllSlots - 1}}},
	}
}

// seeing are the answers of healthy primaries that see these shards.
func seeing(t *testing.T, shards func() []poller.Shard) []result {
	t.Helper()
	answers := make([]result, len(shards()))
	for n, one := range shards() {
		answers[n] = answering(t, "role:master", "run_id:"+one.Primary.ID)
		answers[n].Shards = shards()
	}
	return answers
}

// knowingShards is a cluster whose shards are known from the attempt before.
func knowingShards(shards []poller.Shard) *cluster {
	tgt := &target.Target{Cluster: &target.Cluster{}}
	return &cluster{target: tgt, shards: shards}
}

func TestClusterAssembles(t *testing.T) {
	gap := func() []poller.Shard {
		shards := halves()
		shards[1].Slots[0].First++
		return shards
	}
	elsewhere := func() []poller.Shard {
		shards := halves()
		shards[1].Primary.Address = "10.0.0.9:6379"
		return shards
	}
	renamed := func() []poller.Shard {
		shards := halves()
		shards[1].Primary.ID = "c"
		return shards
	}
	three := func() []poller.Shard {
		shards := halves()
		shards[1].Slots[0].Last = 12000
		return append(shards, poller.Shard{Primary: poller.Member{ID: "c", Address: "10.0.0.3:6379"}, Slots: []poller.SlotRange{{First: 12001, Last: poller.AllSlots - 1}}})
	}
	for name, test := range map[string]struct {
		shards  func() []poller.Shard
		partial bool
		change  func(answers []result)
		want    reason.Reason // of the failure
		moved   bool
	}{
		"all is well":             {shards: halves},
		"slots without an owner":  {shards: gap, want: reason.SlotsUncovered},
		"a part that is enough":   {shards: gap, partial: true},
		"one sees another owner":  {shards: three, change: func(answers []result) { answers[2].Shards = halves() }, want: reason.TopologyUnsettled},
		"so does one of a part":   {shards: three, partial: true, change: func(answers []result) { answers[2].Shards = halves() }, want: reason.TopologyUnsettled},
		"a primary was demoted":   {shards: halves, change: func(answers []result) { answers[1].Replica = true }, want: reason.TopologyUnsettled},
		"two are one server":      {shards: halves, change: func(answers []result) { answers[1].Name = "a" }, want: reason.SharedServer},
		"a node moved":            {shards: halves, change: func(answers []result) { answers[0].Shards, answers[1].Shards = elsewhere(), elsewhere() }, moved: true},
		"a node was replaced":     {shards: halves, change: func(answers []result) { answers[0].Shards, answers[1].Shards = renamed(), renamed() }, moved: true},
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
					t.Errorf("assemble = %v, want that the nodes be asked again", err)
				}
			case test.want != "":
				if err == nil || reason.Classify(err).Reason != test.want {
					t.Errorf("assemble = %v, want %s", err, test.want)
				}
			case err != nil || len(sample.Nodes) != len(asked):
				t.Errorf("assemble = %+v, %v", sample, err)
			}
		})
	}
}

// TestPassOverKeysThatMoveIsNone makes passes over keys while slots move
// between nodes, and during atomic migrations.
func TestPassOverKeysThatMoveIsNone(t *testing.T) {
	moved := func() []poller.Shard {
		shards := halves()
		shards[0].Slots[0].Last--
		shards[1].Slots[0].First--
		return shards
	}
	c := knowingShards(halves())
	c.target.Probes = probe.Compile([]*probe.Probe{probe.KeysCount("*", "", 10)})
	at := time.Now()
	pass := func(shards func() []poller.Shard, began time.Time, migrating bool) error {
		t.Helper()
		at = at.Add(settleTime)
		asked, err := c.endpoints(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		answers := seeing(t, shards)
		for n := range answers {
			answers[n].Probed = []probe.Result{{Value: 1, Began: began, Ended: began}}
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

// TestSentinelsPrimaryMustSayThatItIsOne compares the server that sentinels name with what it says itself.
func TestSentinelsPrimaryMustSayThatItIsOne(t *testing.T) {
	s := newSentinel(open(t).Group(t.Context(), sentinelTarget()), sentinelTarget())
	asked := s.replication.endpoints("10.0.0.1:6379", poller.Request{})
	if _, err := s.assemble(asked, []result{answering(t, "role:master")}); err != nil {
		t.Error(err)
	}
	if _, err := s.assemble(asked, []result{answering(t, "role:slave")}); err == nil || reason.Classify(err).Reason != reason.TopologyUnsettled {
		t.Errorf("assemble = %v, want %s", err, reason.TopologyUnsettled)
	}
}

func sentinelTarget() *target.Target {
	tgt := samplertest.TargetAt("sentinel", "")
	tgt.Sentinel = &target.Sentinel{MasterName: masterName, Addresses: []string{"10.0.0.9:26379"}}
	return tgt
}
