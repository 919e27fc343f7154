package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
)

const (
	// A phase has so many turns of 2.5 s, each with five requests beyond its p99.
	phaseTurns, phaseRequests, phaseEvery = 3, 500, 5 * time.Millisecond
	// mostNoise is the noise beyond which nothing can be compared.
	mostNoise = 1
)

// measureDelegateFaults puts the latency of requests for Redis metrics while the delegate fails, in each way that the
// table of faults has, beside their latency while it answers. Metrics of the delegate are requested all the time.
func measureDelegateFaults(ctx context.Context, h *harness) (_ []Figure, err error) {
	if err := launcher.LeftOut(); err != nil {
		fmt.Fprintf(h.options.Log, "faults of a delegate are left out: %v\n", err)
		return nil, nil
	}
	if err := h.empty(ctx); err != nil {
		return nil, err
	}
	if err := h.populate(ctx, half, nil); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	adapter, err := h.delegating(ctx, cluster.AdapterName)
	if err != nil {
		return nil, err
	}
	defer func() { _ = adapter.Stop() }()
	// Faults are seen through the API server.
	if err := adapter.Route(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.adapter.Route(ctx)) }()
	c, err := newCaller(h.Cluster, adapter)
	if err != nil {
		return nil, err
	}
	if err := h.warm(ctx, c, half); err != nil {
		return nil, err
	}
	healthy, err := h.healthyPhase(ctx, c)
	if err != nil {
		return nil, err
	}
	all := []comparison{}
	subject := &faults.Subject{Object: "the delegate", Plane: h.Cluster, Backend: h.backend}
	for _, fault := range faults.All() {
		if fault.Scope != faults.Delegate {
			continue
		}
		fmt.Fprintf(h.options.Log, "%s\n", fault.Name)
		compared := comparison{name: fault.Name, before: healthy}
		var failed error
		err := fault.Inject(ctx, subject, func() { compared.during, failed = c.phase(ctx) })
		if err := errors.Join(err, failed); err != nil {
			return nil, err
		}
		if healthy, err = h.healthyPhase(ctx, c); err != nil {
			return nil, err
		}
		compared.after = healthy
		all = append(all, compared)
	}
	figures, noise := compareFaults(all)
	if noise > mostNoise {
		return figures, fmt.Errorf("p99 differs by %.0f %% while the delegate answers: the machine is too busy to compare", 100*noise)
	}
	return figures, nil
}

// healthyPhase returns the p99 of a phase while the delegate answers.
func (h *harness) healthyPhase(ctx context.Context, c *caller) (float64, error) {
	stop := faults.LoadDelegate(ctx, h.client)
	defer stop()
	return c.phase(ctx)
}

// phase returns the p99 of requests at a steady rate, in milliseconds, as the median over its turns.
func (c *caller) phase(ctx context.Context) (float64, error) {
	var p99 []float64
	for range phaseTurns {
		took, err := c.steady(ctx, phaseRequests, phaseEvery)
		if err != nil {
			return 0, err
		}
		p99 = append(p99, percentile(took, 99))
	}
	return median(p99), nil
}

// comparison has the p99 during a fault, and in the phases before and after it.
type comparison struct {
	name                  string
	before, during, after float64
}

// compareFaults makes a Figure of each fault. Its limit is mostSlower than the p99 beside it, and its noise the most by which two phases
// beside each other differ though there is no fault.
func compareFaults(all []comparison) (figures []Figure, noise float64) {
	healthy := make([]float64, 0, len(all))
	for _, compared := range all {
		healthy = append(healthy, compared.before)
		noise = max(noise, max(compared.before, compared.after)/min(compared.before, compared.after)-1)
	}
	figures = []Figure{typical("API p99 while the delegate answers", "ms", 0, healthy)}
	for _, compared := range all {
		figures = append(figures, Figure{
			Name: "API p99, " + compared.name, Value: compared.during, Unit: "ms",
			Limit: mostSlower * (compared.before + compared.after) / 2, Noise: noise,
		})
	}
	return figures, noise
}
