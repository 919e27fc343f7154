package bench

import (
	"math"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
)

const (
	// A phase has so many turns of 2.5 s, each with five requests beyond its p99.
	phaseTurns, phaseRequests, phaseEvery = 3, 500, 5 * time.Millisecond
	// mostNoise is the noise beyond which nothing can be compared.
	mostNoise = 1
)

// measureDelegateFaults puts the latency of requests for Redis metrics while the delegate fails, in each way that the
// table of faults has, beside their latency while it answers. Metrics of the delegate are requested all the time.
func measureDelegateFaults(b *testing.B) {
	if err := launcher.LeftOut(); err != nil {
		b.Skip("faults of a delegate are left out: ", err)
	}
	h := newHarness(b)
	h.populate(half, nil)
	adapter := h.delegating(cluster.AdapterName)
	// Faults are seen through the API server.
	check(b, adapter.Route(b.Context()))
	h.caller = h.callerOf(adapter)
	h.warm(half)
	healthy := h.healthyPhase()
	all := []comparison{}
	subject := &faults.Subject{Object: "the delegate", Plane: h.Cluster, Backend: h.backend}
	for _, fault := range faults.All() {
		if fault.Scope != faults.Delegate {
			continue
		}
		say("%s", fault.Name)
		compared := comparison{name: fault.Name, before: healthy}
		check(b, fault.Inject(b.Context(), subject, func() { compared.during = h.phase() }))
		healthy = h.healthyPhase()
		compared.after = healthy
		all = append(all, compared)
	}
	if noise := compareFaults(h.Table, all); noise > mostNoise {
		b.Fatalf("p99 differs by %.0f %% while the delegate answers: the machine is too busy to compare", 100*noise)
	}
}

// healthyPhase returns the p99 of a phase while the delegate answers.
func (h *harness) healthyPhase() float64 {
	h.b.Helper()
	stop := faults.LoadDelegate(h.b.Context(), h.client)
	defer stop()
	return h.phase()
}

// phase returns the p99 of requests at a steady rate, in milliseconds, as the median over its turns.
func (h *harness) phase() float64 {
	h.b.Helper()
	var p99 []float64
	for range phaseTurns {
		p99 = append(p99, measure.Percentile(h.steady(phaseRequests, phaseEvery), 99))
	}
	return measure.Percentile(p99, 50)
}

// comparison has the p99 during a fault, and in the phases before and after it.
type comparison struct {
	name                  string
	before, during, after float64
}

// compareFaults adds a figure of each fault. Its limit is mostSlower than the p99 beside it, and its noise the most by
// which two phases beside each other differ though there is no fault.
func compareFaults(table *measure.Table, all []comparison) (noise float64) {
	healthy := make([]float64, 0, len(all))
	for _, compared := range all {
		healthy = append(healthy, compared.before)
		noise = max(noise, max(compared.before, compared.after)/min(compared.before, compared.after)-1)
	}
	table.Typical("API p99 while the delegate answers", "ms", healthy)
	for _, compared := range all {
		table.Add("API p99, "+compared.name, compared.during, "ms").AtMost(mostSlower * (compared.before + compared.after) / 2).Noise = noise
	}
	return noise
}

func TestLatencyDuringAFaultIsComparedWithThatBesideIt(t *testing.T) {
	for name, test := range map[string]struct {
		before, during, after float64
		limit, noise          float64
		missed                int
	}{
		"within":                  {before: 1, during: 1.25, after: 1, limit: 1.25, noise: 0},
		"beyond":                  {before: 1, during: 1.3, after: 1, limit: 1.25, noise: 0, missed: 1},
		"beyond and within noise": {before: 0.8, during: 1.6, after: 1.2, limit: 1.25, noise: 0.5},
		"beyond noise":            {before: 1.2, during: 1.9, after: 0.8, limit: 1.25, noise: 0.5, missed: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var table measure.Table
			noise := compareFaults(&table, []comparison{{name: name, before: test.before, during: test.during, after: test.after}})
			if len(table.Figures) != 2 || table.Figures[0].Value != test.before {
				t.Fatalf("%+v", table)
			}
			f := table.Figures[1]
			if f.Value != test.during || f.Limit != test.limit || math.Abs(f.Noise-test.noise) > 1e-9 || f.Noise != noise || len(table.Missed()) != test.missed {
				t.Errorf("%+v, missed %q; want a limit of %v, a noise of %v, missed %d", f, table.Missed(), test.limit, test.noise, test.missed)
			}
		})
	}
}

func TestNoiseIsThatOfAllPhasesWithoutAFault(t *testing.T) {
	var table measure.Table
	noise := compareFaults(&table, []comparison{{"first", 1, 1.5, 1}, {"second", 1, 5, 2}})
	if noise != 1 || len(table.Figures) != 3 || table.Figures[1].Noise != 1 || table.Figures[2].Noise != 1 || len(table.Missed()) != 1 {
		t.Errorf("noise %v, missed %q", noise, table.Missed())
	}
}
