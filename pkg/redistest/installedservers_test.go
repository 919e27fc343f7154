package redistest_test

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// slotOfA is the slot of the key "a".
const slotOfA = 15495

// waitFor fails the test if something does not come to hold in time.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%s: not within 30s", what)
		}
	}
}

func TestProgramsAreWhatTheyAreCalled(t *testing.T) {
	redistest.Each(t, func(t *testing.T, p redistest.Program) {
		s := p.New(t)
		field := "\r\n" + string(p.Flavor) + "_version:" + p.Version + "\r\n"
		if info := s.Do("info", "server").(string); !strings.Contains(info, field) {
			t.Errorf("INFO lacks %q: %s", field, info)
		}
		if !strings.HasPrefix(p.Version, strings.TrimPrefix(p.Name, string(p.Flavor)+"-")+".") {
			t.Errorf("version %s of %s", p.Version, p.Name)
		}
	})
}

func TestSentinelsPromoteAReplica(t *testing.T) {
	redistest.Each(t, func(t *testing.T, p redistest.Program) {
		primary := p.New(t, "--requirepass", "secret")
		replica := primary.Replicas(1, "--requirepass", "secret")[0]
		sentinels := redistest.NewSentinels(t, 3, "mymaster", primary, 1)
		primary.Kill()
		if addr := sentinels.AwaitPrimary(primary); addr != replica.Addr {
			t.Errorf("the primary is %s, want %s", addr, replica.Addr)
		}
		for _, s := range append(sentinels.Nodes, replica) {
			if s.Program != p {
				t.Errorf("%s runs %s", s.Addr, s.Program.Name)
			}
		}
	})
}

func TestReplicaTakesOverInACluster(t *testing.T) {
	redistest.Each(t, func(t *testing.T, p redistest.Program) {
		c := p.NewCluster(t, 3, 1)
		c.Nodes[0].Kill()
		waitFor(t, "the replica is a primary", func() bool {
			return strings.Contains(c.Nodes[3].Do("info", "replication").(string), "role:master")
		})
		c.Nodes[0].Restart()
		waitFor(t, "the former primary is a replica", func() bool {
			return strings.Contains(c.Nodes[0].Do("info", "replication").(string), "master_link_status:up")
		})
	})
}

func TestSlotsMoveWithTheirKeys(t *testing.T) {
	redistest.Each(t, func(t *testing.T, p redistest.Program) {
		c := p.NewCluster(t, 3, 1)
		from, to := c.Nodes[2], c.Nodes[0]
		from.Do("set", "a", "1")
		c.MoveKeys(slotOfA, from, to)
		if value := to.Do("get", "a"); value != "1" {
			t.Errorf("the new owner's value is %v, want 1", value)
		}
		if !p.MigratesSlots() {
			return
		}
		c.MigrateSlots(slotOfA, slotOfA, to, from)
		if value := from.Do("get", "a"); value != "1" {
			t.Errorf("after its way back the value is %v, want 1", value)
		}
	})
}

func TestServersSpeakTLSAmongThemselves(t *testing.T) {
	redistest.Each(t, func(t *testing.T, p redistest.Program) {
		authority := redistest.NewAuthority(t)
		c := p.NewCluster(t, 2, 1, append(authority.Arguments("127.0.0.1"), "--requirepass", "secret")...)
		from, to := c.Nodes[1], c.Nodes[0]
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(authority.PEM)
		client := redis.NewClient(&redis.Options{Addr: from.TLSAddr, Password: "secret", TLSConfig: &tls.Config{RootCAs: roots}})
		defer func() { _ = client.Close() }()
		if err := client.Set(t.Context(), "a", "1", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if p.MigratesSlots() {
			c.MigrateSlots(slotOfA, slotOfA, from, to)
			if value := to.Do("get", "a"); value != "1" {
				t.Errorf("the new owner's value is %v, want 1", value)
			}
		}
	})
}

func TestValkeyClusterHasDatabases(t *testing.T) {
	redistest.Each(t, func(t *testing.T, p redistest.Program) {
		if !p.AtLeast(redistest.Valkey, 9, 0) {
			return // the others have one database in a cluster
		}
		c := p.NewCluster(t, 2, 0, "--cluster-databases", "4")
		from, to := c.Nodes[1], c.Nodes[0]
		client := redis.NewClient(&redis.Options{Addr: from.Addr, DB: 3})
		defer func() { _ = client.Close() }()
		if err := client.Set(t.Context(), "a", "1", 0).Err(); err != nil {
			t.Fatal(err)
		}
		c.MigrateSlots(slotOfA, slotOfA, from, to)
		if info := to.Do("info", "keyspace").(string); !strings.Contains(info, "db3:keys=1") {
			t.Errorf("the new owner's keyspace is %q, want a key in db3", info)
		}
	})
}
