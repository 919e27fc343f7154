package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/redis-metrics/redis-metrics-adapter/hack/backend"
	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
)

const (
	// delegateLimit bounds the CPU time of a delegated request, as a multiple of one through the proxy of the standard
	// library behind the same server.
	delegateLimit = 1.3
	// delegatedPath is a metric of the backend.
	delegatedPath = metricsRoot + "/" + backend.Metric
)

// delegating starts an adapter that delegates to the backend, to which nothing is routed. name names its program as well.
func (h *harness) delegating(ctx context.Context, name string) (_ *cluster.Adapter, err error) {
	if h.backend == nil {
		if h.backend, err = backend.Start(ctx, h.Cluster); err != nil {
			return nil, err
		}
	}
	manifests := filepath.Join(h.options.Manifests, "..", "delegate")
	objects, err := h.Render(ctx, manifests)
	if err != nil {
		return nil, err
	}
	objects = slices.DeleteFunc(objects, func(object *unstructured.Unstructured) bool {
		return object.GetName() != cluster.AdapterName+"-delegate"
	})
	if err := h.Apply(ctx, objects); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = os.RemoveAll(dir) })
	hosts := filepath.Join(dir, "hosts")
	if _, err := launcher.NewHosts(hosts, backend.Host); err != nil {
		return nil, err
	}
	program, err := filepath.Abs(filepath.Join(h.options.BinDir, "launcher"))
	if err != nil {
		return nil, err
	}
	return h.StartAdapter(ctx, cluster.AdapterOptions{
		Name: name + "-delegating", Binary: filepath.Join(h.options.BinDir, name), Manifests: manifests, Standby: true,
		Launcher:  launcher.Options{Hosts: hosts}.Command(program),
		ExtraArgs: h.backend.Arguments(),
	})
}

// measureDelegated compares a delegated request with one through the proxy of the standard library, which stands behind
// the server of the minimal adapter.
func (h *harness) measureDelegated(ctx context.Context) ([]Figure, error) {
	if err := launcher.LeftOut(); err != nil {
		fmt.Fprintf(h.options.Log, "delegated requests are left out: %v\n", err)
		return nil, nil
	}
	if err := h.depopulate(ctx, few); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var sides [2]*cluster.Adapter
	for i, name := range []string{minimalName, cluster.AdapterName} {
		var err error
		if sides[i], err = h.delegating(ctx, name); err != nil {
			return nil, err
		}
		defer func() { _ = sides[i].Stop() }()
		if err := h.awaitDelegation(ctx, sides[i]); err != nil {
			return nil, fmt.Errorf("%s does not delegate: %w", name, err)
		}
	}
	delegated := request{name: "delegated", limit: delegateLimit, path: func(int) string { return delegatedPath }}
	figures, _, err := h.compare(ctx, sides[0], sides[1], delegated, few)
	return figures, err
}

// awaitDelegation returns once an adapter, which may not yet know whom to trust, answers as the backend does.
func (h *harness) awaitDelegation(ctx context.Context, adapter *cluster.Adapter) error {
	c, err := newCaller(h.Cluster, adapter)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return until(ctx, 200*time.Millisecond, func() (bool, error) {
		text, err := c.get(ctx, delegatedPath)
		return err == nil && string(text) == backend.Value, ctx.Err()
	})
}
