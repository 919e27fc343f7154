package bench

import (
	"context"
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
func (h *harness) delegating(name string) *cluster.Adapter {
	h.b.Helper()
	ctx := h.b.Context()
	var err error
	if h.backend == nil {
		h.backend, err = backend.Start(ctx, h.Cluster)
		check(h.b, err)
	}
	const manifests = "../../deploy/delegate"
	objects, err := h.Render(ctx, manifests)
	check(h.b, err)
	objects = slices.DeleteFunc(objects, func(object *unstructured.Unstructured) bool {
		return object.GetName() != cluster.AdapterName+"-delegate"
	})
	check(h.b, h.Apply(ctx, objects))
	hosts := filepath.Join(h.b.TempDir(), "hosts")
	_, err = launcher.NewHosts(hosts, backend.Host)
	check(h.b, err)
	adapter, err := h.StartAdapter(ctx, cluster.AdapterOptions{
		Name: name + "-delegating", Binary: bin(h.b, name), Manifests: manifests, Standby: true,
		Launcher:  launcher.Options{Hosts: hosts}.Command(bin(h.b, "launcher")),
		ExtraArgs: h.backend.Arguments(),
	})
	check(h.b, err)
	return adapter
}

// measureDelegated compares a delegated request with one through the proxy of the standard library, which stands behind
// the server of the minimal adapter.
func (h *harness) measureDelegated() {
	h.b.Helper()
	if err := launcher.LeftOut(); err != nil {
		say("delegated requests are left out: %v", err)
		return
	}
	h.depopulate(few)
	var sides [2]*cluster.Adapter
	for i, name := range []string{minimalName, cluster.AdapterName} {
		sides[i] = h.delegating(name)
		defer func() { _ = sides[i].Stop() }()
		h.awaitDelegation(sides[i])
	}
	delegated := request{name: "delegated", limit: delegateLimit, path: func(int) string { return delegatedPath }}
	h.compare(sides[0], sides[1], delegated, few)
}

// awaitDelegation returns once an adapter, which may not yet know whom to trust, answers as the backend does.
func (h *harness) awaitDelegation(adapter *cluster.Adapter) {
	h.b.Helper()
	c := h.callerOf(adapter)
	h.until(30*time.Second, 200*time.Millisecond, func(ctx context.Context) (bool, error) {
		text, err := c.get(ctx, delegatedPath)
		return err == nil && string(text) == backend.Value, nil
	})
}
