package catalog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// watched is the history of the primaries of a cluster, sampled as a test goes on.
type watched struct {
	*testing.T
	nodes   []*redistest.Server
	history *history.History
}

func (w *watched) sample() {
	w.Helper()
	now, nodes := time.Now(), make([]history.Node, len(w.nodes))
	for i, node := range w.nodes {
		parsed, err := new(redisinfo.Parser).Parse([]byte(node.Do("info", "everything").(string)))
		if err != nil {
			w.Fatal(err)
		}
		nodes[i] = history.Node{Name: node.ID(), Address: node.Addr, Shard: fmt.Sprint(i), At: now, Info: parsed}
	}
	w.history.Record(history.NewSample(nil, nodes...))
}

// A migration of slots that began and ended between two samples is seen, and what
// it copied is not a request.
func TestRequestsAreUnknownOverAMigrationBetweenSamples(t *testing.T) {
	redistest.Each(t, func(t *testing.T, p redistest.Program) {
		if !p.MigratesSlots() {
			return
		}
		c := p.NewCluster(t, 2, 0)
		c.Calm()
		from, to := c.Nodes[0], c.Nodes[1]
		for n := range 200 {
			from.Do("set", fmt.Sprintf("{%s}%d", tagOf(t, from), n), strings.Repeat("x", 10000))
		}
		slot := from.Do("cluster", "keyslot", "{"+tagOf(t, from)+"}").(int64)
		w := &watched{T: t, nodes: c.Nodes, history: new(history.Store).Open("x", history.Policy{Interval: time.Minute, Window: time.Hour, MaxAge: time.Hour})}
		w.sample()
		migration := c.StartMigration(int(slot), int(slot), from, to)
		for running := true; running; {
			state := migration.State()
			running = state != "completed" && state != "success"
			text := from.Do("info", "everything").(string)
			h := over(t, []string{"x:1"}, strings.Split(text, "\r\n"))
			if got, err := metric(t, "connected-replicas").Read(h, catalog.Query{Now: h.end}); err == nil && got.Value != 0 {
				t.Errorf("%v replicas are counted while slots migrate, want none", got.Value)
			}
		}
		migration.Wait()
		w.sample()
		for _, name := range []string{catalog.RequestsPerSecond, "command-calls-per-second", "commands-per-second"} {
			got, err := metric(t, name).Read(w.history, catalog.Query{Now: time.Now()})
			if err == nil || !strings.Contains(err.Error(), "slots were migrated within the window") {
				t.Errorf("%s = %v, %v; want that slots were migrated", name, got.Value, err)
			}
		}
	})
}

// tagOf returns a hash tag whose slot a node owns.
func tagOf(t *testing.T, node *redistest.Server) string {
	t.Helper()
	for n := range 1000 {
		if err := node.Client().Do(t.Context(), "get", fmt.Sprintf("{t%d}", n)).Err(); err == nil || !strings.HasPrefix(err.Error(), "MOVED") {
			return fmt.Sprintf("t%d", n)
		}
	}
	t.Fatal("the node owns no slot")
	return ""
}
