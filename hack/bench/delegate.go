package bench

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
)

const (
	// delegateLimit bounds the CPU time of a delegated request, as a multiple of one through the proxy of the standard
	// library behind the same server.
	delegateLimit = 1.3
	// delegateHost is the name of the Service of the other adapter.
	delegateHost = "backend.elsewhere.svc"
	// delegatedPath is one of its metrics.
	delegatedPath = metricsRoot + "/namespaces/" + namespace + "/pods/a/requests"
	// hangingTurns is how often Redis metrics are asked for while the other adapter answers and while it hangs.
	hangingTurns = 3
	// delegateEvery is how often it is asked for while Redis metrics are.
	delegateEvery = 10 * time.Millisecond
)

// backend is another adapter, whose answer is one value.
type backend struct {
	port     int
	hangs    atomic.Bool
	answered atomic.Int64
}

// startBackend serves until ctx ends.
func (w *world) startBackend(ctx context.Context) (*backend, error) {
	certificate, key, err := w.ServingCertificate(delegateHost, net.IPv4(127, 0, 0, 1))
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &backend{port: listener.Addr().(*net.TCPAddr).Port}
	server := &http.Server{Handler: b, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.ServeTLS(listener, certificate, key) }()
	return b, nil
}

// ServeHTTP implements http.Handler.
func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.hangs.Load() {
		<-r.Context().Done()
		return
	}
	b.answered.Add(1)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta2","metadata":{},"items":[{"describedObject":` +
		`{"kind":"Pod","namespace":"bench","name":"a","apiVersion":"/v1"},"metric":{"name":"requests","selector":null},"timestamp":"2026-01-01T00:00:00Z","value":"200"}]}`))
}

// delegating starts an adapter that delegates to a backend, to which nothing is routed. name names its program as well.
func (w *world) delegating(ctx context.Context, b *backend, name string) (*cluster.Adapter, error) {
	manifests := filepath.Join(w.options.Manifests, "..", "delegate")
	objects, err := w.Render(ctx, manifests)
	if err != nil {
		return nil, err
	}
	objects = slices.DeleteFunc(objects, func(object *unstructured.Unstructured) bool {
		return object.GetName() != cluster.AdapterName+"-delegate"
	})
	if err := w.Apply(ctx, objects); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = os.RemoveAll(dir) })
	hosts := filepath.Join(dir, "hosts")
	if _, err := launcher.NewHosts(hosts, delegateHost); err != nil {
		return nil, err
	}
	program, err := filepath.Abs(filepath.Join(w.options.BinDir, "launcher"))
	if err != nil {
		return nil, err
	}
	return w.StartAdapter(ctx, cluster.AdapterOptions{
		Name: name + "-delegating", Binary: filepath.Join(w.options.BinDir, name), Manifests: manifests, Standby: true,
		Launcher:  launcher.Options{Hosts: hosts}.Command(program),
		ExtraArgs: []string{fmt.Sprintf("--delegate-to=elsewhere/backend:%d", b.port), "--delegate-ca-file=" + w.CAFile(), "--delegate-server-name="},
	})
}

// measureDelegated holds a delegated request against one through the proxy of the standard library, which stands behind
// the server of the minimal adapter.
func (w *world) measureDelegated(ctx context.Context) ([]Figure, error) {
	if err := launcher.LeftOut(); err != nil {
		fmt.Fprintf(w.options.Log, "delegated requests are left out: %v\n", err)
		return nil, nil
	}
	if err := w.depopulate(ctx, few); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b, err := w.startBackend(ctx)
	if err != nil {
		return nil, err
	}
	var sides [2]*cluster.Adapter
	for i, name := range []string{minimalName, cluster.AdapterName} {
		if sides[i], err = w.delegating(ctx, b, name); err != nil {
			return nil, err
		}
		defer func() { _ = sides[i].Stop() }()
	}
	before := b.answered.Load()
	delegated := request{name: "delegated", limit: delegateLimit, path: func(int) string { return delegatedPath }}
	figures, _, err := w.compare(ctx, sides[0], sides[1], delegated, few)
	if err == nil && b.answered.Load() == before {
		err = fmt.Errorf("no request was delegated")
	}
	return figures, err
}

// measureHanging holds requests for Redis metrics against themselves while requests for metrics of another adapter,
// which are as many, wait for it.
func (w *world) measureHanging(ctx context.Context) ([]Figure, error) {
	if err := launcher.LeftOut(); err != nil {
		fmt.Fprintf(w.options.Log, "an adapter beside another that hangs is left out: %v\n", err)
		return nil, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b, err := w.startBackend(ctx)
	if err != nil {
		return nil, err
	}
	adapter, err := w.delegating(ctx, b, cluster.AdapterName)
	if err != nil {
		return nil, err
	}
	defer func() { _ = adapter.Stop() }()
	c, err := newCaller(w.Cluster, adapter)
	if err != nil {
		return nil, err
	}
	if err := w.warm(ctx, c, half); err != nil {
		return nil, err
	}
	stop := askDelegate(ctx, c)
	defer stop()
	var well, hangs apart
	for range hangingTurns {
		for _, side := range []struct {
			hangs bool
			*apart
		}{{false, &well}, {true, &hangs}} {
			b.hangs.Store(side.hangs)
			if err := wait(ctx, 5*time.Second); err != nil { // what hangs has failed, and the turn waits for the breaker
				return nil, err
			}
			if err := side.turn(ctx, adapter, c); err != nil {
				return nil, err
			}
		}
	}
	if b.answered.Load() == 0 {
		return nil, fmt.Errorf("no request was delegated")
	}
	return []Figure{
		typical("API p99 while the other adapter answers", "ms", 0, well.p99),
		typical("API p99 while the other adapter hangs", "ms", 0, hangs.p99),
		ratio("API p99 while the other adapter hangs to while it answers", 1, hangs.p99, well.p99),
	}, nil
}

// askDelegate asks for metrics of another adapter at a steady pace, whatever is answered, until the returned function is
// called.
func askDelegate(ctx context.Context, c *caller) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	asking.Go(func() {
		ticker := time.NewTicker(delegateEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				asking.Go(func() { _, _ = c.get(ctx, delegatedPath) })
			}
		}
	})
	return func() {
		cancel()
		asking.Wait()
	}
}
