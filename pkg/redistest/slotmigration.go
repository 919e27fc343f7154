package redistest

import (
	"fmt"
	"testing"
)

// Migration is an atomic migration of slots that has begun.
type Migration struct {
	t           testing.TB
	cluster     *Cluster
	first, last int
	from, to    *Server
	task        string // of Redis
}

// MigrateSlots moves a range of slots with their keys to another primary atomically,
// including both ends, and returns when every node knows the new owner. MigratesSlots
// must be true of the program.
func (c *Cluster) MigrateSlots(first, last int, from, to *Server) {
	c.t.Helper()
	c.StartMigration(first, last, from, to).Wait()
}

// StartMigration is like MigrateSlots, but returns at once.
func (c *Cluster) StartMigration(first, last int, from, to *Server) *Migration {
	c.t.Helper()
	m := &Migration{t: c.t, cluster: c, first: first, last: last, from: from, to: to}
	switch program := from.Program; {
	case !program.MigratesSlots():
		c.t.Fatalf("%s does not migrate slots atomically", program.Name)
	case program.Flavor == Valkey:
		from.Do("cluster", "migrateslots", "slotsrange", first, last, "node", to.ID())
	default:
		m.task = to.text("cluster", "migration", "import", first, last)
	}
	return m
}

// Wait waits until every node knows the new owner. A migration that fails ends
// the test.
func (m *Migration) Wait() {
	m.t.Helper()
	m.to.awaitCluster("slots have migrated", func() bool {
		switch state := m.State(); state {
		case "completed", "success":
			return true
		case "failed", "canceled", "cancelled":
			m.t.Fatalf("the migration of slots is %s", state)
		}
		return false
	})
	for _, node := range m.cluster.Nodes {
		node.awaitCluster("the node knows the new owner of slots", func() bool {
			return node.owner(m.first) == m.to.ID() && node.owner(m.last) == m.to.ID()
		})
	}
}

// State returns the state of the migration in the server's words.
func (m *Migration) State() string {
	m.t.Helper()
	var jobs any
	if m.task == "" {
		jobs = m.from.Do("cluster", "getslotmigrations")
	} else {
		jobs = m.to.Do("cluster", "migration", "status", "id", m.task)
	}
	if list, ok := jobs.([]any); ok && len(list) > 0 {
		if fields, ok := list[0].([]any); ok {
			for i := 0; i+1 < len(fields); i += 2 {
				if fields[i] == "state" {
					return fmt.Sprint(fields[i+1])
				}
			}
		}
	}
	m.t.Fatalf("no state of the migration in %v", jobs)
	return ""
}

// owner returns the ID of the primary that owns a slot in the node's view, empty if
// none does.
func (s *Server) owner(slot int) string {
	s.t.Helper()
	ranges, _ := s.Do("cluster", "slots").([]any)
	for _, entry := range ranges {
		var first, last int64
		var primary []any
		if fields, ok := entry.([]any); ok && len(fields) > 2 {
			first, _ = fields[0].(int64)
			last, _ = fields[1].(int64)
			primary, _ = fields[2].([]any)
		}
		if len(primary) > 2 && first <= int64(slot) && int64(slot) <= last {
			return fmt.Sprint(primary[2])
		}
	}
	return ""
}
