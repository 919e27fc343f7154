package topology

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestClusterWithDatabases reads database 2 of clusters that have it, and is
// refused by those that do not.
func TestClusterWithDatabases(t *testing.T) {
	redistest.Each(t, func(t *testing.T, program redistest.Program) {
		sampling := func(args ...string) (*redistest.Cluster, *several) {
			c := program.NewCluster(t, 3, 0, args...)
			c.Calm()
			tgt := clusterAt(c)
			tgt.Database = 2
			tgt.Probes = probe.Compile([]*probe.Probe{probe.List("jobs"), probe.KeysCount("*", "", 9)})
			return c, surveying(t, tgt)
		}
		_, s := sampling()
		s.fail(reason.DatabaseOutOfRange)
		if !program.AtLeast(redistest.Valkey, 9, 0) {
			return
		}
		c, s := sampling("--cluster-databases", "4")
		node := c.Nodes[owner(t, c, "jobs")]
		client := redis.NewClient(&redis.Options{Addr: node.Addr, DB: 2})
		t.Cleanup(func() { _ = client.Close() })
		if err := client.RPush(t.Context(), "jobs", 1, 2, 3).Err(); err != nil {
			t.Fatal(err)
		}
		node.Do("rpush", "jobs", 1) // in database 0
		s.sample()
		results := s.sample().Probed
		for place, want := range []float64{3, 1} {
			if got := results[place]; got.Err != nil || got.Value != want {
				t.Errorf("probe %d gives %+v, want %v", place, got, want)
			}
		}
	})
}
