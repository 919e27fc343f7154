package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
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
func measureIsolation(ctx context.Context, h *harness) ([]Figure, error) {
	if err := h.empty(ctx); err != nil {
		return nil, err
	}
	c, err := newCaller(h.Cluster, h.adapter)
	if err != nil {
		return nil, err
	}
	if err := h.populate(ctx, half, nil); err != nil {
		return nil, err
	}
	if err := h.warm(ctx, c, half); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	others := &hanging{}
	defer others.stop()
	if err := others.start(ctx); err != nil {
		return nil, err
	}
	fmt.Fprintf(h.options.Log, "%d objects, and %d whose servers fail in %d ways\n", half, half, len(others.addresses))
	var alone, beside isolationSide
	for range isolationTurns {
		if err := alone.turn(ctx, h.adapter, c); err != nil {
			return nil, err
		}
		err := h.create(ctx, 2*half, func(n int) map[string]any {
			return map[string]any{"address": others.addresses[n%len(others.addresses)]}
		})
		if err != nil {
			return nil, err
		}
		if err := beside.turn(ctx, h.adapter, c); err != nil {
			return nil, err
		}
		if err := h.depopulate(ctx, half); err != nil {
			return nil, err
		}
	}
	if alone.failed > 0 || beside.failed == 0 {
		return nil, fmt.Errorf("%.0f samples failed without the objects that hang, and %.0f with them", alone.failed, beside.failed)
	}
	return append(isolated(alone, beside), Figure{Name: "samples that hang or fail", Value: beside.failed / beside.attempts * 100, Unit: "%"}), nil
}

func isolated(alone, beside isolationSide) []Figure {
	return []Figure{
		{Name: "lateness max alone, at most", Value: alone.late.Seconds(), Unit: "s"},
		{Name: "lateness max beside, at most", Value: beside.late.Seconds(), Unit: "s", Limit: mostLate * interval.Seconds()},
		typical("API p99 alone", "ms", 0, alone.p99),
		typical("API p99 beside", "ms", 0, beside.p99),
		ratio("API p50 beside to alone", 0, beside.p50, alone.p50),
		ratio("API p99 beside to alone", mostSlower, beside.p99, alone.p99),
		ratio("CPU beside to alone", 0, beside.cores, alone.cores),
	}
}

// isolationSide is what was measured of the objects whose servers answer, alone or beside the others.
type isolationSide struct {
	p50, p99, cores  []float64 // by turn
	late             time.Duration
	failed, attempts float64 // samples, of the others as well
}

// turn asks at a steady pace for objects whose servers answer, each of which has to be known all the time.
func (a *isolationSide) turn(ctx context.Context, adapter *cluster.Adapter, c *caller) error {
	if err := wait(ctx, 2*interval); err != nil {
		return err
	}
	before, err := c.scrape(ctx)
	if err != nil {
		return err
	}
	var took []float64
	cpu, lasted, err := spent(adapter.PID(), func() (err error) {
		took, err = c.steady(ctx, turnRequests, turnEvery)
		return err
	})
	if err != nil {
		return err
	}
	after, err := c.scrape(ctx)
	if err != nil {
		return err
	}
	a.p50, a.p99 = append(a.p50, percentile(took, 50)), append(a.p99, percentile(took, 99))
	a.cores = append(a.cores, cpu.Seconds()/lasted.Seconds())
	a.late = max(a.late, after.lateness(before, 100))
	failed, all := after.samples()
	failedBefore, allBefore := before.samples()
	a.failed += failed - failedBefore
	a.attempts += all - allBefore
	return nil
}

// steady makes requests at a steady rate, each for an object whose servers answer, and returns how many milliseconds each
// took. One that takes long delays none after it.
func (c *caller) steady(ctx context.Context, requests int, every time.Duration) ([]float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	took := make([]float64, requests)
	var asking sync.WaitGroup
	begin := time.Now()
	for i := range took {
		if wait(ctx, time.Until(begin.Add(time.Duration(i)*every))) != nil {
			break
		}
		asking.Go(func() {
			start := time.Now()
			if _, err := c.get(ctx, fmt.Sprintf(byNamePath, objectName(i%half))); err != nil {
				cancel(err)
			}
			took[i] = float64(time.Since(start).Microseconds()) / 1e3
		})
	}
	asking.Wait()
	return took, context.Cause(ctx)
}
