package soak

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	custom "k8s.io/metrics/pkg/apis/custom_metrics"
	api "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/provider"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/sampler"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

const inProcessNamespace = "inside"

// inProcess is what an adapter is made of, in this process and without a control plane: what is asked of it is asked of the
// packages that sample and answer.
type inProcess struct {
	*provider.Provider
	manager *sampler.Manager
}

func newInProcess(t *testing.T, specs map[string]map[string]any) *inProcess {
	t.Helper()
	metrics := catalog.Builtin()
	loopback, err := egress.New(egress.Config{AllowLoopback: true})
	if err != nil {
		t.Fatal(err)
	}
	index, store := &target.Index{}, &history.Store{}
	i := &inProcess{Provider: provider.New(index, store, metrics, unobserved{})}
	i.manager = sampler.New(t.Context(), sampler.Config{
		Store: store, Observer: unwatched{}, Listener: i.Sampled, Egress: loopback, Credentials: credentials.New(nil, types.NamespacedName{}), Reads: metrics.Reads,
	})
	t.Cleanup(i.manager.Stop)
	client, err := target.NewClient(&rest.Config{Host: objectsAt(t, specs)})
	if err != nil {
		t.Fatal(err)
	}
	watcher := target.NewWatcher(t.Context(), client, index, i, func(name string) bool {
		_, is := metrics.Lookup(name)
		return is
	})
	t.Cleanup(verifier.Background(t.Context(), watcher.Run))
	return i
}

func (i *inProcess) Set(t *target.Target) {
	i.Provider.Set(t)
	i.manager.Set(t)
}

func (i *inProcess) Remove(t *target.Target) {
	i.manager.Remove(t)
	i.Provider.Remove(t)
}

// objectsAt serves objects as the API server does, to those that watch from the beginning.
func objectsAt(t *testing.T, specs map[string]map[string]any) (address string) {
	t.Helper()
	meta := map[string]any{"apiVersion": v1alpha1.GroupVersion().String(), "kind": v1alpha1.Kind}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		tell := json.NewEncoder(w)
		items := []any{}
		for name, spec := range specs {
			items = append(items, map[string]any{
				"apiVersion": meta["apiVersion"], "kind": meta["kind"], "spec": spec,
				"metadata": map[string]any{"name": name, "namespace": inProcessNamespace, "uid": name, "resourceVersion": "1", "generation": 1},
			})
		}
		if r.URL.Query().Get("watch") == "" {
			_ = tell.Encode(map[string]any{"apiVersion": meta["apiVersion"], "kind": v1alpha1.Kind + "List", "metadata": map[string]any{"resourceVersion": "1"}, "items": items})
			return
		}
		if r.URL.Query().Get("sendInitialEvents") == "true" {
			for _, item := range items {
				_ = tell.Encode(map[string]any{"type": "ADDED", "object": item})
			}
			_ = tell.Encode(map[string]any{"type": "BOOKMARK", "object": map[string]any{
				"apiVersion": meta["apiVersion"], "kind": meta["kind"],
				"metadata": map[string]any{"resourceVersion": "1", "annotations": map[string]any{"k8s.io/initial-events-end": "true"}},
			}})
		}
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(server.CloseClientConnections)
	return server.URL
}

type unwatched struct{}

func (unwatched) Attempted(time.Duration, time.Duration, reason.Reason) {}
func (unwatched) Targets(sampler.State, int)                            {}

type unobserved struct{}

func (unobserved) Answered(provider.Cause, int)   {}
func (unobserved) Served(time.Duration)           {}
func (unobserved) FellBack(v1alpha1.FallbackType) {}
func (unobserved) InFallback(int)                 {}

// Value answers a question of the verifier.
func (i *inProcess) Value(ctx context.Context, object string, q verifier.Expectation) (value float64, at time.Time, window time.Duration, err error) {
	selector, err := labels.Parse(q.Selector)
	if err != nil {
		return 0, at, 0, err
	}
	info := api.CustomMetricInfo{GroupResource: v1alpha1.GroupResource(), Namespaced: true, Metric: q.Metric}
	got, err := i.GetMetricByName(ctx, types.NamespacedName{Namespace: inProcessNamespace, Name: object}, info, selector)
	if err != nil {
		return 0, at, 0, err
	}
	return got.Value.AsApproximateFloat64(), got.Timestamp.Truncate(time.Second), windowOf(got), nil
}

// windowOf is in whole seconds, as the API states it.
func windowOf(value *custom.MetricValue) time.Duration {
	if value.WindowSeconds == nil {
		return 0
	}
	return time.Duration(*value.WindowSeconds) * time.Second
}
