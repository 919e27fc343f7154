package catalog_test

import (
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
)

// BenchmarkRead computes metrics from two answers of a server.
func BenchmarkRead(b *testing.B) {
	metrics := catalog.Builtin()
	h := grownFixture(b, "redis-8.2.txt")
	for _, bench := range []struct{ name, metric, selector string }{
		{"gauge", catalog.ConnectedClients, ""},
		{"rate", "commands-per-second", ""},
		{"rate folded over commands", catalog.RequestsPerSecond, ""},
		{"rate of a selected role", catalog.RequestsPerSecond, "role=primary"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			m, ok := metrics.Lookup(bench.metric)
			if !ok {
				b.Fatalf("there is no metric %s", bench.metric)
			}
			q := catalog.Query{Now: h.end}
			if bench.selector != "" {
				q.Selector = picking(b, bench.selector)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Read(h, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
