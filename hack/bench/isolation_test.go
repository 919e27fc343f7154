package bench

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
)

const (
	// half is how many objects are sampled well, and how many others hang.
	half = 250
	// isolationTurns is how often they are measured without the others and with them.
	isolationTurns = 9
	// turnRequests requests are made in a turn, one each turnEvery.
	turnRequests, turnEvery = 1000, 10 * time.Millisecond
	// mostLate is how late a sample may be, of the interval.
	mostLate = 0.2
	// mostSlower is how much longer requests may take while others fail, as a ratio. The noise of one turn is about as much.
	mostSlower = 1.25
)

// measureIsolation compares objects whose servers answer, alone and beside as many whose servers do not, turn by turn.
func measureIsolation(b *testing.B) {
	h := newHarness(b)
	h.populate(half, nil)
	h.warm(half)
	addresses := hangingServers(b)
	say("%d objects, and %d whose servers fail in %d ways", half, half, len(addresses))
	var alone, beside isolationSide
	for range isolationTurns {
		h.isolationTurn(&alone)
		h.create(2*half, func(n int) map[string]any { return map[string]any{"address": addresses[n%len(addresses)]} })
		h.isolationTurn(&beside)
		h.depopulate(half)
	}
	if alone.failed > 0 || beside.failed == 0 {
		b.Fatalf("%.0f samples failed without the objects that hang, and %.0f with them", alone.failed, beside.failed)
	}
	h.Add("lateness max alone, at most", alone.late.Seconds(), "s")
	h.Add("lateness max beside, at most", beside.late.Seconds(), "s").AtMost(mostLate * interval.Seconds())
	h.Typical("API p99 alone", "ms", alone.p99)
	h.Typical("API p99 beside", "ms", beside.p99)
	h.Ratio("API p50 beside to alone", beside.p50, alone.p50)
	h.Ratio("API p99 beside to alone", beside.p99, alone.p99).AtMost(mostSlower)
	h.Ratio("CPU beside to alone", beside.cores, alone.cores)
	h.Add("samples that hang or fail", beside.failed/beside.attempts*100, "%")
}

// isolationSide is what was measured of the objects whose servers answer, alone or beside the others.
type isolationSide struct {
	p50, p99, cores  []float64 // by turn
	late             time.Duration
	failed, attempts float64 // samples, of the others as well
}

// isolationTurn asks at a steady pace for objects whose servers answer, each of which has to be known all the time.
func (h *harness) isolationTurn(side *isolationSide) {
	h.b.Helper()
	h.wait(2 * interval)
	before := h.scrape()
	var took []float64
	cpu, lasted := h.spent(h.adapter, func() { took = h.steady(turnRequests, turnEvery) })
	after := h.scrape()
	side.p50, side.p99 = append(side.p50, measure.Percentile(took, 50)), append(side.p99, measure.Percentile(took, 99))
	side.cores = append(side.cores, cpu.Seconds()/lasted.Seconds())
	side.late = max(side.late, lateness(before, after, 100))
	failed, attempts := samplesBetween(before, after)
	side.failed += failed
	side.attempts += attempts
}

// steady makes requests at a steady rate, each for an object whose servers answer, and returns how many milliseconds each
// took. One that takes long delays none after it.
func (h *harness) steady(requests int, every time.Duration) []float64 {
	h.b.Helper()
	asking, ctx := errgroup.WithContext(h.b.Context())
	took := make([]float64, requests)
	begin := time.Now()
	for i := range took {
		if sleep(ctx, time.Until(begin.Add(time.Duration(i)*every))) != nil {
			break
		}
		asking.Go(func() error {
			start := time.Now()
			_, err := h.caller.get(ctx, fmt.Sprintf(byNamePath, objectName(i%half)))
			took[i] = measure.Milliseconds(time.Since(start))
			return err
		})
	}
	check(h.b, asking.Wait())
	return took
}
