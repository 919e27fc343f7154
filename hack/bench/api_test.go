package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
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
func measureAPI(b *testing.B) {
	h := newHarness(b)
	minimal := h.minimal()
	costs := map[string]float64{}
	for _, objects := range []int{few, many} {
		say("requests, %d objects", objects)
		h.await(objects)
		for _, request := range requests(objects) {
			cpu := h.compare(minimal, h.adapter, request, objects)
			if before := costs[request.name]; before > 0 {
				growth := h.Add(fmt.Sprintf("%s, CPU with %d objects to that with %d", request.name, many, few), cpu.Value/before, "x").AtMost(apiLimit)
				growth.Noise = cpu.Noise
			}
			costs[request.name] = cpu.Value
		}
	}
	h.measureDelegated()
	h.profileRequests(requests(many)[0])
}

// profileRequests writes a CPU profile of the adapter while it is asked.
func (h *harness) profileRequests(r request) {
	h.b.Helper()
	asking := make(chan error, 1)
	go func() {
		_, err := h.caller.ask(h.b.Context(), r, apiProfiled)
		asking <- err
	}()
	h.profile("api", fmt.Sprintf("/debug/pprof/profile?seconds=%.0f", apiProfiled.Seconds()))
	check(h.b, <-asking)
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

// compare asks both adapters, turn by turn. It returns the adapter's CPU time, in units of the minimal one's in the same
// turn, so that it can be compared with that of another time.
func (h *harness) compare(minimal, adapter *cluster.Adapter, r request, objects int) *measure.Figure {
	h.b.Helper()
	sides := [2]*contender{{caller: h.callerOf(minimal), process: minimal}, {caller: h.callerOf(adapter), process: adapter}}
	for range apiTurns {
		for _, side := range sides {
			h.turn(side, r)
		}
	}
	name := func(what string) string { return fmt.Sprintf("%s, %d objects, %s", r.name, objects, what) }
	cpu := h.Ratio(name("CPU to the minimal adapter's"), sides[1].cpu, sides[0].cpu)
	if r.limit > 0 {
		cpu.AtMost(r.limit)
	}
	for n, who := range []string{"minimal adapter", "adapter"} {
		h.Typical(name(who+", CPU"), "µs", sides[n].cpu)
		h.Typical(name(who+", requests"), "1/s", sides[n].rate)
		h.Add(name(who+", p50"), measure.Percentile(sides[n].took, 50), "ms")
		h.Add(name(who+", p99"), measure.Percentile(sides[n].took, 99), "ms")
	}
	return cpu
}

// turn asks for a while, less what the process takes at rest.
func (h *harness) turn(side *contender, r request) {
	h.b.Helper()
	var took []float64
	cpu, span := h.beyondRest(side.process, apiTurn/2, func() {
		var err error
		took, err = side.ask(h.b.Context(), r, apiTurn)
		check(h.b, err)
	})
	requests := float64(len(took))
	side.cpu = append(side.cpu, float64(cpu.Microseconds())/requests)
	side.rate = append(side.rate, requests/span.Seconds())
	side.took = append(side.took, took...)
}

// ask asks for one path after the other for a span, several at a time, and returns how many milliseconds each took.
func (c *caller) ask(ctx context.Context, r request, span time.Duration) ([]float64, error) {
	asking, ctx := errgroup.WithContext(ctx)
	end := time.Now().Add(span)
	var next atomic.Int64
	var mu sync.Mutex
	var all []float64
	for range apiClients {
		asking.Go(func() error {
			var took []float64
			for time.Now().Before(end) {
				start := time.Now()
				if _, err := c.get(ctx, r.path(int(next.Add(1)))); err != nil {
					return err
				}
				took = append(took, measure.Milliseconds(time.Since(start)))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			return nil
		})
	}
	err := asking.Wait()
	return all, err
}

// await fills up to so many objects, the few first ones of which are sampled as usual, and waits for their rates.
func (h *harness) await(objects int) {
	h.b.Helper()
	var sampling map[string]any
	if objects > few {
		sampling = rareSampling()
	}
	h.populate(objects, sampling)
	h.warm(few)
	// All the others have been sampled once after a tenth of their interval.
	h.until(2*time.Minute, time.Second, func(context.Context) (bool, error) {
		metrics := h.scrape()
		_, attempts := samples(metrics)
		return int(metrics.Sum("redis_metrics_adapter_targets", nil)) == objects && int(attempts) >= objects, nil
	})
}
