package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// lanes are Redis servers with an object and an HPA each, all of them stepping at once; steps is how often each does.
	lanes, steps = 8, 2
	// The load before and after a step, in requests/s. The target for a replica lies between them.
	lowLoad, highLoad = 500, 2500
	// window is the default time over which a rate is taken, and syncPeriod how often the HPA controller looks.
	window, syncPeriod = 15 * time.Second, 15 * time.Second
	// look is how often the API is looked at, which bounds how exactly a reaction is timed.
	look = 50 * time.Millisecond
	// slack is what may come on top of an interval until a value moves, and of a window until it is whole.
	slack = 100 * time.Millisecond
)

// reactions are how long after each step something happened, in seconds.
type reactions struct {
	mu                    sync.Mutex
	moved, whole, desired []float64
}

// measureReaction steps loads up at random phases of the adapter's and the HPA controller's rhythms.
func measureReaction(b *testing.B) {
	h := newHarness(b)
	h.serve(lanes)
	h.populate(lanes, nil)
	api, err := verifier.NewAPI(h.Config(), namespace)
	check(b, err)
	var all reactions
	running, ctx := errgroup.WithContext(b.Context())
	for n := range lanes {
		running.Go(func() error {
			l := &lane{harness: h, api: api, name: objectName(n), load: traffic.New(h.servers[n].Addr), all: &all}
			if err := l.run(ctx); err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
			return nil
		})
	}
	check(b, running.Wait())
	h.Add("steps", float64(len(all.moved)), "")
	for _, f := range []struct {
		name  string
		steps []float64
		limit time.Duration
	}{
		{"value moves", all.moved, interval + slack},
		{"value is whole", all.whole, window + interval + slack},
		{"desiredReplicas rises", all.desired, interval + syncPeriod},
	} {
		h.Add(f.name+", p50", measure.Percentile(f.steps, 50), "s")
		// What happened between two looks is timed by the later one.
		h.Add(f.name+", max", measure.Percentile(f.steps, 100), "s").AtMost(f.limit.Seconds()).Noise = 2 * look.Seconds() / f.limit.Seconds()
	}
}

// lane is one server whose load is stepped.
type lane struct {
	*harness
	api  *verifier.API
	name string
	load *traffic.Driver
	all  *reactions
}

func (l *lane) run(ctx context.Context) error {
	l.load.SetRate(lowLoad)
	ctx, cancel := context.WithCancel(ctx)
	driven := make(chan error, 1)
	go func() { driven <- l.load.Run(ctx, nil) }()
	defer cancel()
	if err := l.apply(ctx, "lane.yaml", l.name); err != nil {
		return err
	}
	for range steps {
		if err := l.step(ctx); err != nil {
			return err
		}
	}
	cancel()
	return <-driven
}

// step waits until all is at rest, for a random time more, and then for what comes of a step in the load.
func (l *lane) step(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	l.load.SetRate(lowLoad)
	err := wait.PollUntilContextCancel(ctx, 10*look, true, func(ctx context.Context) (bool, error) {
		value, _ := l.value(ctx)
		desired, err := l.desired(ctx)
		return value > 0 && value < 1.05*lowLoad && desired == 1, err
	})
	if err != nil {
		return fmt.Errorf("come to rest: %w", err)
	}
	if err := sleep(ctx, window+rand.N(syncPeriod)); err != nil {
		return err
	}
	rest, err := l.value(ctx)
	if err != nil {
		return err
	}
	l.load.SetRate(highLoad)
	start := time.Now()
	var moved, whole, desires float64
	mark := func(at *float64, happened bool) {
		if happened && *at == 0 {
			*at = time.Since(start).Seconds()
		}
	}
	err = wait.PollUntilContextCancel(ctx, look, true, func(ctx context.Context) (bool, error) {
		value, errValue := l.value(ctx)
		mark(&moved, value > rest+0.01*lowLoad)
		mark(&whole, value > 0.98*highLoad)
		desired, errDesired := l.desired(ctx)
		mark(&desires, desired > 1)
		return moved > 0 && whole > 0 && desires > 0, errors.Join(errValue, errDesired)
	})
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	l.all.moved, l.all.whole, l.all.desired = append(l.all.moved, moved), append(l.all.whole, whole), append(l.all.desired, desires)
	return err
}

// value asks the API server for the metric, as somebody whose rhythm the adapter does not follow.
func (l *lane) value(ctx context.Context) (float64, error) {
	value, _, _, err := l.api.Value(ctx, l.name, verifier.SoleLoad())
	return value, err
}

func (l *lane) desired(ctx context.Context) (int32, error) {
	hpa, err := l.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(ctx, l.name, metav1.GetOptions{})
	if err != nil {
		return 0, err
	}
	return hpa.Status.DesiredReplicas, nil
}
