package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

const (
	// apiTurns and apiTurn are how often and for how long each adapter is asked.
	apiTurns = 7
	apiTurn  = 2 * time.Second
	// apiProfiled is how long a profile is taken while they are.
	apiProfiled = 10 * time.Second
	// apiClients ask at a time.
	apiClients = 8
	// few objects are asked for, beside as many more as make up many.
	few, many = 10, 10000
	// apiLimit bounds the CPU time of a request, as a multiple of that to the minimal adapter, and of that with few objects.
	apiLimit = 1.05

	metricsRoot = "/apis/custom.metrics.k8s.io/v1beta2"
	byNamePath  = metricsRoot + "/namespaces/" + namespace + "/redises.redis-metrics.dev/%s/requests-per-second"
	everyGauge  = metricsRoot + "/namespaces/" + namespace + "/redises.redis-metrics.dev/*/connected-clients"
	allObjects  = metricsRoot + "/namespaces/" + namespace + "/redises.redis-metrics.dev/*/requests-per-second"
)

// contender is an adapter under load, with what its answers took.
type contender struct {
	*caller
	process *cluster.Adapter
	// microseconds of CPU and requests in a second, by turn, and milliseconds of each answer.
	cpu, rate, took []float64
}

// rareSampling is the sampling of the many objects that are not asked for: too seldom to count beside requests.
func rareSampling() map[string]any {
	return map[string]any{"interval": "5m", "window": "10m", "maxAge": "10m"}
}

// measureAPI compares requests to the adapter with the same requests to a minimal adapter, turn by turn.
func measureAPI(ctx context.Context, h *harness) ([]Figure, error) {
	if err := h.empty(ctx); err != nil {
		return nil, err
	}
	minimal, err := h.minimal(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = minimal.Stop() }()
	var figures []Figure
	medians := map[string]float64{}
	for _, objects := range []int{few, many} {
		fmt.Fprintf(h.options.Log, "requests, %d objects\n", objects)
		if err := h.await(ctx, objects); err != nil {
			return figures, err
		}
		for _, request := range requests(objects) {
			more, cpu, err := h.compare(ctx, minimal, h.adapter, request, objects)
			figures = append(figures, more...)
			if err != nil {
				return figures, err
			}
			medians[request.name] = growthOf(medians[request.name], cpu.Value, &figures, request.name, cpu.Noise)
		}
	}
	more, err := h.measureDelegated(ctx)
	return append(figures, more...), errors.Join(err, h.profileRequests(ctx, requests(many)[0]))
}

// profileRequests writes a CPU profile of the adapter while it is asked.
func (h *harness) profileRequests(ctx context.Context, r request) error {
	c, err := newCaller(h.Cluster, h.adapter)
	if err != nil {
		return err
	}
	asking := make(chan error, 1)
	go func() {
		_, err := (&contender{caller: c, process: h.adapter}).ask(ctx, r, apiProfiled)
		asking <- err
	}()
	err = h.profile(ctx, c, "api", fmt.Sprintf("/debug/pprof/profile?seconds=%.0f", apiProfiled.Seconds()))
	return errors.Join(err, <-asking)
}

// growthOf adds the Figure of the growth from few objects to many, once both are known.
func growthOf(before, after float64, figures *[]Figure, name string, noise float64) float64 {
	if before > 0 {
		*figures = append(*figures, Figure{
			Name: fmt.Sprintf("%s, CPU with %d objects to that with %d", name, many, few), Value: after / before, Unit: "x", Limit: apiLimit, Noise: noise,
		})
	}
	return after
}

// request is what is asked for, one path after the other.
type request struct {
	name string
	path func(n int) string
	// limit bounds its CPU time, as a multiple of the minimal adapter's, 0 where there is none: discovery lists all
	// metrics, and the minimal adapter has one.
	limit float64
}

func requests(objects int) []request {
	all := []request{
		{name: "by name", limit: apiLimit, path: func(n int) string { return fmt.Sprintf(byNamePath, objectName(n%few)) }},
		{name: "discovery", path: func(int) string { return metricsRoot }},
	}
	if objects == many {
		// A gauge, since objects at rest have no rate. The minimal adapter lists as many values.
		all = append(all, request{name: "by selector", path: func(int) string { return everyGauge }})
	}
	return all
}

// compare asks both adapters, turn by turn. The Figure that it returns beside the others is the adapter's CPU time, in
// units of the minimal one's in the same turn, so that it can be compared with that of another time.
func (h *harness) compare(ctx context.Context, minimal, adapter *cluster.Adapter, r request, objects int) ([]Figure, Figure, error) {
	sides := [2]*contender{{process: minimal}, {process: adapter}}
	for _, side := range sides {
		var err error
		if side.caller, err = newCaller(h.Cluster, side.process); err != nil {
			return nil, Figure{}, err
		}
	}
	for range apiTurns {
		for _, side := range sides {
			if err := side.turn(ctx, r); err != nil {
				return nil, Figure{}, err
			}
		}
	}
	name := func(what string) string { return fmt.Sprintf("%s, %d objects, %s", r.name, objects, what) }
	cpu := ratio(name("CPU to the minimal adapter's"), r.limit, sides[1].cpu, sides[0].cpu)
	figures := []Figure{cpu}
	for n, who := range []string{"minimal adapter", "adapter"} {
		figures = append(figures,
			typical(name(who+", CPU"), "µs", 0, sides[n].cpu),
			typical(name(who+", requests"), "1/s", 0, sides[n].rate),
			Figure{Name: name(who + ", p50"), Value: percentile(sides[n].took, 50), Unit: "ms"},
			Figure{Name: name(who + ", p99"), Value: percentile(sides[n].took, 99), Unit: "ms"})
	}
	return figures, cpu, nil
}

// turn asks for a while, less what the process takes at rest.
func (a *contender) turn(ctx context.Context, r request) error {
	var took []float64
	cpu, span, err := beyondRest(ctx, a.process.PID(), apiTurn/2, func() (err error) {
		took, err = a.ask(ctx, r, apiTurn)
		return err
	})
	if err != nil {
		return err
	}
	requests := float64(len(took))
	a.cpu = append(a.cpu, float64(cpu.Microseconds())/requests)
	a.rate = append(a.rate, requests/span.Seconds())
	a.took = append(a.took, took...)
	return nil
}

// ask asks for one path after the other for a span, several at a time, and returns how many milliseconds each took.
func (a *contender) ask(ctx context.Context, r request, span time.Duration) ([]float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	end := time.Now().Add(span)
	var next atomic.Int64
	var asking sync.WaitGroup
	var mu sync.Mutex
	var all []float64
	for range apiClients {
		asking.Go(func() {
			var took []float64
			for ctx.Err() == nil && time.Now().Before(end) {
				start := time.Now()
				if _, err := a.get(ctx, r.path(int(next.Add(1)))); err != nil {
					cancel(err)
					return
				}
				took = append(took, float64(time.Since(start).Microseconds())/1e3)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
		})
	}
	asking.Wait()
	return all, context.Cause(ctx)
}

// await fills up to so many objects, the few first ones of which are sampled as usual, and waits for their rates.
func (h *harness) await(ctx context.Context, objects int) error {
	var sampling map[string]any
	if objects > few {
		sampling = rareSampling()
	}
	if err := h.populate(ctx, objects, sampling); err != nil {
		return err
	}
	c, err := newCaller(h.Cluster, h.adapter)
	if err != nil {
		return err
	}
	if err := h.warm(ctx, c, few); err != nil {
		return err
	}
	// All the others have been sampled once after a tenth of their interval.
	return until(ctx, time.Second, func() (bool, error) {
		s, err := c.scrape(ctx)
		if err != nil {
			return false, err
		}
		targets, err := s.gauge("redis_metrics_adapter_targets")
		_, attempts := s.samples()
		return int(targets) == objects && int(attempts) >= objects, err
	})
}
