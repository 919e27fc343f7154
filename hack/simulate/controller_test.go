package simulate

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa/hpatest"
)

var (
	cases = flag.Int("cases", 60, "how many random HPAs to play at once")
	first = flag.Uint64("first", 1, "the seed of the first case; the others follow it")
	syncs = flag.Int("syncs", 20, "how many syncs to play")
)

const (
	syncPeriod = 4 * time.Second
	// stabilization and the seconds of the cases lie between two syncs.
	stabilization = 10 * time.Second
	maxReplicas   = 10
)

func TestController(t *testing.T) {
	c, err := cluster.Start(t.Context(), cluster.Options{
		Log: os.Stderr, HPASyncPeriod: syncPeriod, HPADownscaleStabilization: stabilization, Nodes: 8,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	config := c.Config()
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	b := startBackend(t, c)
	// The controller has found the metrics API once it asks for this one.
	begin(t, b, newPlay(client, 0), 1)

	plays := make([]*play, *cases)
	var started sync.WaitGroup
	for i := range plays {
		plays[i] = newPlay(client, *first+uint64(i))
		started.Go(func() { begin(t, b, plays[i], 0) })
	}
	started.Wait()
	if t.Failed() {
		return
	}
	for _, p := range plays {
		if err := wait(t.Context(), time.Duration(*syncs+10)*syncPeriod, enough(p, *syncs)); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
	judge(t, plays)
}

func newPlay(client kubernetes.Interface, seed uint64) *play {
	c := hpatest.New(seed, hpatest.Options{Syncs: *syncs, MaxReplicas: maxReplicas, Seconds: []int32{2, 6, 10, 14, 18, 22, 26, 30}})
	for _, metric := range c.HPA.Spec.Metrics {
		metric.Object.DescribedObject = autoscalingv2.CrossVersionObjectReference{APIVersion: "v1", Kind: "Service", Name: c.HPA.Name}
	}
	return &play{name: c.HPA.Name, c: c, client: client}
}

// begin starts a play, and waits until it has begun so many syncs.
func begin(t *testing.T, b *backend, p *play, count int) {
	b.add(p)
	within := func(check func() error) error { return wait(t.Context(), time.Minute, check) }
	if err := p.create(t.Context(), within); err != nil {
		t.Errorf("%s: %v", p.name, err)
		return
	}
	if err := within(enough(p, count)); err != nil {
		t.Errorf("%s: %v", p.name, err)
	}
}

func enough(p *play, want int) func() error {
	return func() error {
		if count := p.count(); count < want {
			return fmt.Errorf("%d syncs, want %d", count, want)
		}
		return nil
	}
}

// wait checks every 100 ms until there is no error.
func wait(ctx context.Context, limit time.Duration, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-ticker.C:
		}
	}
}

func judge(t *testing.T, plays []*play) {
	settings := hpa.DefaultController()
	settings.DownscaleStabilization = stabilization
	var sum verdict
	for _, p := range plays {
		v, err := p.compare(settings)
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if v.why != "" {
			t.Logf("%s is without a verdict on %d syncs: %s", p.name, v.open, v.why)
		}
		sum.equal, sum.rescaled, sum.unknown, sum.open = sum.equal+v.equal, sum.rescaled+v.rescaled, sum.unknown+v.unknown, sum.open+v.open
	}
	t.Logf("%d HPAs, %d syncs are equal; of these %d changed the scale and %d found the metrics unknown; %d are without a verdict",
		len(plays), sum.equal, sum.rescaled, sum.unknown, sum.open)
	if sum.open*10 > sum.equal {
		t.Errorf("%d syncs are without a verdict, more than a tenth of %d", sum.open, sum.equal)
	}
}
