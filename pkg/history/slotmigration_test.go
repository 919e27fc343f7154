package history_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

// moving is what a node reports of a migration of slots in one sample.
type moving struct {
	migrating bool
	syncs     string // what commandstats says about CLUSTER SYNCSLOTS
}

func TestSpanThatAMigrationTouchesIsKnown(t *testing.T) {
	const one, two = "calls=1,usec=7", "calls=2,usec=9"
	for name, test := range map[string]struct {
		samples []moving
		want    []bool // of each sample's span, from the second one on
	}{
		"none":                         {[]moving{{}, {}, {}}, []bool{false, false}},
		"long ago":                     {[]moving{{syncs: one}, {syncs: one}}, []bool{false}},
		"between two samples":          {[]moving{{}, {syncs: one}, {syncs: one}, {syncs: one}, {syncs: one}, {syncs: one}}, []bool{true, true, true, false, false}},
		"one more between two samples": {[]moving{{syncs: one}, {syncs: two}}, []bool{true}},
		"under way":                    {[]moving{{}, {migrating: true}}, []bool{true}},
		"since the first sample":       {[]moving{{migrating: true}, {}, {}, {}, {}, {}}, []bool{true, true, true, false, false}},
		"begins, and ends":             {[]moving{{}, {migrating: true, syncs: one}, {syncs: one}, {syncs: one}, {syncs: one}, {syncs: one}, {syncs: one}}, []bool{true, true, true, true, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			s, redis, now := open(t), fresh("a"), time.Now()
			for n, tells := range test.samples {
				now = now.Add(interval)
				redis.syncs = tells.syncs
				s.Record(history.NewSample(nil, history.Node{At: now, Info: redis.answer(t), Migrating: tells.migrating}))
				redis.work(10)
				if n == 0 {
					continue
				}
				span, err := s.Span(now)
				if err != nil {
					t.Fatal(err)
				}
				if got := span.Migrated(&span.Last.Nodes[0]); got != test.want[n-1] {
					t.Errorf("sample %d: migrated %v over %v, want %v", n, got, span.Duration(), test.want[n-1])
				}
			}
		})
	}
}

func TestMigrationConcernsAllNodesOfItsShard(t *testing.T) {
	s, now := open(t), time.Now()
	servers := map[string]*server{}
	for _, name := range []string{"a", "b", "ra", "rb"} {
		first := fresh(name)
		servers[name] = &first
	}
	sample := func(migrating bool) {
		now = now.Add(interval)
		node := func(name, shard string, replica bool) history.Node {
			answer := servers[name].answer(t)
			servers[name].work(10)
			// A replica answers a little earlier than its primary.
			at := now
			if replica {
				at = at.Add(-time.Second)
			}
			return history.Node{Name: name, Address: name + ":1", Shard: shard, Replica: replica, At: at, Info: answer, Migrating: migrating && name == "a"}
		}
		s.Record(history.NewSample(nil, node("a", "0", false), node("b", "1", false), node("ra", "0", true), node("rb", "1", true)))
	}
	check := func(when string, want map[string]bool, of func(history.Span, *history.Node) bool) {
		t.Helper()
		span, err := s.Span(now)
		if err != nil {
			t.Fatal(err)
		}
		for i := range span.Last.Nodes {
			if node := &span.Last.Nodes[i]; of(span, node) != want[node.Name] {
				t.Errorf("%s: of %s %v, want %v", when, node.Name, !want[node.Name], want[node.Name])
			}
		}
	}
	migrating := func(span history.Span, node *history.Node) bool {
		migrating, refused := span.Last.Migrating(node)
		return migrating && refused == nil
	}
	migrated := func(span history.Span, node *history.Node) bool { return span.Migrated(node) }
	sample(false)
	sample(true)
	check("under way", map[string]bool{"a": true, "ra": true}, migrating)
	check("under way", map[string]bool{"a": true, "ra": true}, migrated)
	sample(false)
	check("ended", nil, migrating)
	check("ended", map[string]bool{"a": true, "ra": true}, migrated)
	for range 3 {
		sample(false)
	}
	check("past", nil, migrated)
}

// Servers that are no cluster have no shard, and share nothing.
func TestMigrationConcernsNoOtherServerWithoutShards(t *testing.T) {
	first, second := fresh("a"), fresh("b")
	why := errors.New("it refuses to tell")
	sample := history.NewSample(nil,
		history.Node{Name: "a", Address: "a:1", Info: first.answer(t), Migrating: true, Err: why},
		history.Node{Name: "b", Address: "b:1", Info: second.answer(t)})
	for n, want := range []error{why, nil} {
		if migrating, refused := sample.Migrating(&sample.Nodes[n]); migrating != (want != nil) || !errors.Is(refused, want) {
			t.Errorf("node %d: %t, %v; want %v", n, migrating, refused, want)
		}
	}
}
