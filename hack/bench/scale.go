package bench

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

const (
	// settled is how long a number of objects runs before it is measured, and measured for how long:
	// of 10,000 garbage is collected each 12 s or so, which is a tenth of what they cost.
	settled  = 20 * time.Second
	measured = 40 * time.Second
	// interval is that of an object that says nothing of it.
	interval = 5 * time.Second

	// The CPU time of all objects is compared with that of go-redis clients infoTurns times, for infoTurn each. The ratio
	// may be mostInfo.
	infoTurns, infoTurn, mostInfo = 5, 2 * interval, 1.35

	// Limits, of 10,000 objects and of none.
	mostBytes                    = 400 << 20
	mostWarm                     = 15 * time.Second
	soonWarm                     = interval + 2*time.Second // 1,000 objects
	mostSelector                 = 100 * time.Millisecond
	mostIdleCores, mostIdleBytes = 0.005, 60 << 20
)

// load is what a number of objects costs.
type load struct {
	objects                 int
	cores, bytes, goroutine float64
	failed                  float64 // samples
	late50, late99, latest  time.Duration
}

// measureScale measures what 0, 100, 1,000 and 10,000 objects cost.
func measureScale(ctx context.Context, h *harness) ([]Figure, error) {
	if err := h.empty(ctx); err != nil {
		return nil, err
	}
	c, err := newCaller(h.Cluster, h.adapter)
	if err != nil {
		return nil, err
	}
	var figures []Figure
	loads := map[int]load{}
	for _, objects := range []int{0, 100, 1000, 10000} {
		fmt.Fprintf(h.options.Log, "%d objects\n", objects)
		if err := h.populate(ctx, objects, nil); err != nil {
			return figures, err
		}
		one, err := h.loadOf(ctx, c, objects)
		if err != nil {
			return figures, err
		}
		loads[objects] = one
		figures = append(figures, one.figures()...)
		if objects == 1000 {
			more, err := h.start(ctx, c, soonWarm)
			figures = append(figures, more...)
			if err != nil {
				return figures, err
			}
		}
	}
	figures = append(figures, growth(loads[1000], loads[10000])...)
	for _, measure := range []func(context.Context, *caller) ([]Figure, error){h.besideInfo, h.profiles, h.selector, h.edits, h.rotation} {
		more, err := measure(ctx, c)
		figures = append(figures, more...)
		if err != nil {
			return figures, err
		}
	}
	more, err := h.start(ctx, c, mostWarm)
	return append(figures, more...), err
}

// loadOf measures what the objects cost once the rates of all are served. The adapter still writes the status of new
// objects then, as it does in a cluster.
func (h *harness) loadOf(ctx context.Context, c *caller, objects int) (load, error) {
	if err := h.warm(ctx, c, objects); err != nil {
		return load{}, err
	}
	if err := wait(ctx, settled); err != nil {
		return load{}, err
	}
	before, err := c.scrape(ctx)
	if err != nil {
		return load{}, err
	}
	one := load{objects: objects}
	if one.cores, err = coresOf(ctx, h.adapter.PID(), measured); err != nil {
		return load{}, err
	}
	after, err := c.scrape(ctx)
	if err != nil {
		return load{}, err
	}
	if one.bytes, err = residentBytes(h.adapter.PID()); err != nil {
		return load{}, err
	}
	if one.goroutine, err = after.gauge("go_goroutines"); err != nil {
		return load{}, err
	}
	failed, all := after.samples()
	failedBefore, allBefore := before.samples()
	if want := float64(objects) * measured.Seconds() / interval.Seconds(); all-allBefore < 0.95*want {
		return load{}, fmt.Errorf("%.0f samples of %d objects, want %.0f: the machine is too slow for all of them", all-allBefore, objects, want)
	}
	one.failed = failed - failedBefore
	one.late50, one.late99, one.latest = after.lateness(before, 50), after.lateness(before, 99), after.lateness(before, 100)
	return one, nil
}

func (l load) figures() []Figure {
	name := func(what string) string { return fmt.Sprintf("%d objects, %s", l.objects, what) }
	cores, memory := Figure{Name: name("CPU"), Value: l.cores, Unit: "cores"}, Figure{Name: name("resident"), Value: l.bytes / (1 << 20), Unit: "MiB"}
	figures := []Figure{}
	switch l.objects {
	case 0:
		cores.Limit, memory.Limit = mostIdleCores, mostIdleBytes>>20
		return append(figures, cores, memory)
	case 10000:
		memory.Limit = mostBytes >> 20
	}
	late := Figure{Name: name("lateness p99"), Value: l.late99.Seconds(), Unit: "s", Limit: interval.Seconds() / 20}
	return append(figures, cores, memory, Figure{Name: name("goroutines"), Value: l.goroutine},
		Figure{Name: name("lateness p50"), Value: l.late50.Seconds(), Unit: "s"}, late,
		Figure{Name: name("samples failed"), Value: l.failed},
		Figure{Name: name("lateness max, at most"), Value: l.latest.Seconds(), Unit: "s"})
}

// besideInfo compares the CPU time of the adapter with that of as many clients of go-redis, which ask for INFO as often
// and do nothing else, at the same time.
func (h *harness) besideInfo(ctx context.Context, _ *caller) ([]Figure, error) {
	var samples atomic.Int64
	defer bareClients(ctx, h.objects, interval, h.address, func() { samples.Add(1) })()
	if err := wait(ctx, 3*interval); err != nil { // all have connected
		return nil, err
	}
	var adapter, bare []float64
	for range infoTurns {
		begin := samples.Load()
		cores := 0.0
		cpu, took, err := spent(os.Getpid(), func() (err error) {
			cores, err = coresOf(ctx, h.adapter.PID(), infoTurn)
			return err
		})
		if err != nil {
			return nil, err
		}
		count, want := float64(samples.Load()-begin), float64(h.objects)*infoTurn.Seconds()/interval.Seconds()
		if count < 0.95*want {
			return nil, fmt.Errorf("%.0f bare INFOs in %s, want %.0f", count, infoTurn, want)
		}
		adapter = append(adapter, cores)
		bare = append(bare, cpu.Seconds()/took.Seconds())
	}
	return []Figure{
		typical(fmt.Sprintf("%d clients that ask for INFO, CPU", h.objects), "cores", 0, bare),
		ratio(fmt.Sprintf("%d objects to as many such clients, CPU", h.objects), mostInfo, adapter, bare),
	}, nil
}

// growth tells how much more ten times the objects cost, beyond what the adapter costs without any.
func growth(few, many load) []Figure {
	times := float64(many.objects) / float64(few.objects)
	return []Figure{
		{Name: "growth of CPU to that of objects", Value: many.cores / few.cores / times, Unit: "x", Limit: 1, Noise: 0.1},
		{Name: "growth of memory to that of objects", Value: many.bytes / few.bytes / times, Unit: "x", Limit: 1, Noise: 0.1},
	}
}

// warm returns when the rates of so many objects are served, or of more.
func (h *harness) warm(ctx context.Context, c *caller, objects int) error {
	if objects == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	return until(ctx, 200*time.Millisecond, func() (bool, error) {
		found, err := c.values(ctx, allObjects)
		return err == nil && found >= objects, ctx.Err()
	})
}

// profiles keeps profiles of the adapter with all its objects.
func (h *harness) profiles(ctx context.Context, c *caller) ([]Figure, error) {
	if err := h.profile(ctx, c, "cpu", "/debug/pprof/profile?seconds=10"); err != nil {
		return nil, err
	}
	if err := h.profile(ctx, c, "goroutines", "/debug/pprof/goroutine"); err != nil {
		return nil, err
	}
	return nil, h.profile(ctx, c, "heap", "/debug/pprof/heap?gc=1")
}

// selector measures how long it takes until the values of all objects are there.
func (h *harness) selector(ctx context.Context, c *caller) ([]Figure, error) {
	var took []float64
	for range 21 {
		start := time.Now()
		body, err := c.get(ctx, allObjects)
		if err != nil {
			return nil, err
		}
		took = append(took, float64(time.Since(start).Microseconds())/1e3)
		found, err := valuesIn(body)
		if err != nil {
			return nil, err
		}
		if found < h.objects*99/100 {
			return nil, fmt.Errorf("%d values of %d objects", found, h.objects)
		}
	}
	name := fmt.Sprintf("selector over %d objects", h.objects)
	return []Figure{
		typical(name+", p50", "ms", float64(mostSelector.Milliseconds()), took),
		{Name: name + ", max", Value: percentile(took, 100), Unit: "ms"},
	}, nil
}

// edits measures what a change of the spec of 1,000 objects costs beyond their sampling.
func (h *harness) edits(ctx context.Context, c *caller) ([]Figure, error) {
	const edited = 1000
	cpu, took, err := beyondRest(ctx, h.adapter.PID(), measured/2, func() error {
		if err := h.edit(ctx, edited); err != nil {
			return err
		}
		return h.warm(ctx, c, h.objects)
	})
	if err != nil {
		return nil, err
	}
	return []Figure{
		{Name: "edit of an object's spec, CPU", Value: cpu.Seconds() / edited * 1e3, Unit: "ms"},
		{Name: "1,000 edits until all rates are known again", Value: took.Seconds(), Unit: "s"},
	}, nil
}

// start measures how long all objects take to be warm after a start, which may be limit.
func (h *harness) start(ctx context.Context, c *caller, limit time.Duration) ([]Figure, error) {
	if err := h.adapter.Stop(); err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := h.adapter.Restart(ctx); err != nil {
		return nil, err
	}
	if err := h.warm(ctx, c, h.objects); err != nil {
		return nil, err
	}
	took := time.Since(begin)
	peak, err := residentBytes(h.adapter.PID())
	return []Figure{
		{Name: fmt.Sprintf("start until %d objects are warm", h.objects), Value: took.Seconds(), Unit: "s", Limit: limit.Seconds()},
		{Name: fmt.Sprintf("%d objects, resident then", h.objects), Value: peak / (1 << 20), Unit: "MiB"},
	}, err
}
