package catalog_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

// ofKeys and ofCommands return the gauges and rates that a migration of slots
// falsifies. All others are true by their definition.
func ofKeys() []string { return []string{"expiring-keys-ratio", "keys", "keyspace-keys"} }

func ofCommands() []string {
	return []string{
		"command-calls-per-second", "command-latency-mean-microseconds", "commands-per-second", "failed-calls-per-second",
		"keyspace-hit-ratio", "keyspace-hits-per-second", "keyspace-misses-per-second", "rejected-calls-per-second", "requests-per-second",
	}
}

// readingEach reads each metric of a history and fails unless just some of them
// are unknown, for a reason that says so.
func readingEach(t *testing.T, s *history.History, q catalog.Query, unknown []string, says string) {
	t.Helper()
	c := catalog.Builtin()
	for _, m := range c.All() {
		_, err := m.Read(s, q)
		got := err != nil && strings.Contains(err.Error(), says)
		if got != slices.Contains(unknown, m.Name) {
			t.Errorf("%s: %v; want an error with %q: %v", m.Name, err, says, !got)
		}
	}
}

// between is two samples of one server, which has counted more in the last.
func between(t *testing.T, file string, migrating [2]bool) (*history.History, time.Time) {
	t.Helper()
	h := grownFixture(t, file)
	lines := fixtureLines(t, file)
	for n := range lines {
		lines[n] = grow(t, lines[n])
	}
	s := new(history.Store).Open("x", history.Policy{Interval: 10 * time.Second, Window: 20 * time.Second, MaxAge: time.Minute})
	now := time.Now()
	s.Record(history.NewSample(nil, history.Node{At: now.Add(-10 * time.Second), Info: h.first, Migrating: migrating[0]}))
	s.Record(history.NewSample(nil, history.Node{At: now, Info: info(t, lines...), Migrating: migrating[1]}))
	return s, now
}

// lastNode is two samples of one server, the last of which is changed.
func lastNode(t *testing.T, file string, change func(*history.Node)) (*history.History, time.Time) {
	t.Helper()
	told, now := between(t, file, [2]bool{})
	span, err := told.Span(now)
	if err != nil {
		t.Fatal(err)
	}
	s := recorded(span.First.Nodes...)
	node := span.Last.Nodes[0]
	change(&node)
	s.Record(history.NewSample(nil, node))
	return s, now
}

func TestMigrationMakesWhatItFalsifiesUnknown(t *testing.T) {
	for name, test := range map[string]struct {
		migrating [2]bool
		unknown   []string
		says      string
	}{
		"keys under way":     {[2]bool{false, true}, ofKeys(), "slots are being migrated"},
		"commands under way": {[2]bool{false, true}, ofCommands(), "slots were migrated within the window"},
		"keys past":          {[2]bool{true, false}, nil, "slots are being migrated"},
		"commands past":      {[2]bool{true, false}, ofCommands(), "slots were migrated within the window"},
		"none":               {unknown: nil, says: "migrated"},
	} {
		t.Run(name, func(t *testing.T) {
			s, now := between(t, "redis-8.2.txt", test.migrating)
			readingEach(t, s, catalog.Query{Now: now}, test.unknown, test.says)
		})
	}
}

// A node that refuses to report migrations of slots says so.
func TestNodeThatRefusesToTellOfMigrations(t *testing.T) {
	s, now := lastNode(t, "redis-8.2.txt", func(node *history.Node) {
		node.Migrating, node.Err = true, errors.New("it refuses to tell")
	})
	readingEach(t, s, catalog.Query{Now: now}, append(ofKeys(), ofCommands()...), "it refuses to tell")
}

func TestReplicaWithoutItsPrimaryHasNoKeys(t *testing.T) {
	s, now := lastNode(t, "redis-7.0-replica.txt", func(node *history.Node) { node.Outdated = errors.New("its keys are old") })
	readingEach(t, s, catalog.Query{Now: now}, ofKeys(), "its keys are old")
}
