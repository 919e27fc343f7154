package hostile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

// mostGrowth is by how much etcd may grow beyond what the tenant wrote itself, which no adapter can keep it from.
const mostGrowth = 10_000_000

// etcdState is how large etcd is, and how often the API server was asked to write.
type etcdState struct {
	size     float64
	requests measure.Metrics
}

func (w *fixture) etcdState(t *testing.T) etcdState {
	t.Helper()
	size, err := w.etcdSize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	requests, err := metrics(t.Context(), w.client.CoreV1().RESTClient().Get())
	if err != nil {
		t.Fatal(err)
	}
	return etcdState{size, requests}
}

// etcdSize returns how many bytes etcd has in use, revisions that are not compacted yet among them.
func (w *fixture) etcdSize(ctx context.Context) (float64, error) {
	const name = "etcd_mvcc_db_total_size_in_use_in_bytes"
	found, err := metrics(ctx, w.etcd().Get())
	if err == nil && found[name] == nil {
		err = fmt.Errorf("etcd has no metric %s", name)
	}
	return found.Sum(name, nil), err
}

// writes returns how often a resource was written, or refused. A subresource stands after a slash.
func (s etcdState) writes(resource string, refused bool) float64 {
	resource, subresource, _ := strings.Cut(resource, "/")
	return s.requests.Sum("apiserver_request_total", func(labels map[string]string) bool {
		return labels["resource"] == resource && labels["subresource"] == subresource && labels["dry_run"] == "" &&
			slices.Contains([]string{"POST", "PUT", "PATCH", "APPLY", "DELETE"}, labels["verb"]) &&
			refused != strings.HasPrefix(labels["code"], "2")
	})
}

func (s etcdState) figures(figures *measure.Table, before etcdState, byTenant float64) {
	const mega = 1e6
	figures.Add("etcd before", before.size/mega, "MB")
	figures.Add("etcd, growth", (s.size-before.size)/mega, "MB")
	figures.Add("written to etcd by the tenant, about", byTenant/mega, "MB")
	figures.Add("etcd, growth beyond what the tenant wrote", (s.size-before.size-byTenant)/mega, "MB").AtMost(mostGrowth / mega)
	for _, resource := range []string{"redises", "redises/status", "events", "horizontalpodautoscalers", "horizontalpodautoscalers/status"} {
		figures.Add("writes of "+resource, s.writes(resource, false)-before.writes(resource, false), "")
	}
	figures.Add("writes of redises that were refused", s.writes("redises", true)-before.writes("redises", true), "")
}

// tenantWrites is about how many bytes the tenant wrote. A revision counts with the length of its JSON. That is what etcd
// holds of a Redis object; an HPA takes about a third less.
type tenantWrites struct {
	mu          sync.Mutex
	bytes       float64
	generations map[string]int64 // by UID
}

// watchTenant notes what the tenant writes until the returned function is called.
func (w *fixture) watchTenant(t *testing.T) (writes *tenantWrites, stop func()) {
	t.Helper()
	writes = &tenantWrites{generations: map[string]int64{}}
	var watches []func(context.Context)
	for _, resource := range []schema.GroupVersionResource{redises, {Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}} {
		objects := w.objects.Resource(resource).Namespace(tenantNamespace)
		list, err := objects.List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range list.Items {
			writes.generations[string(object.GetUID())] = object.GetGeneration()
		}
		watches = append(watches, func(ctx context.Context) {
			if err := writes.watch(ctx, list.GetResourceVersion(), objects); err != nil {
				t.Error(err)
			}
		})
	}
	return writes, verifier.Background(t.Context(), watches...)
}

func (w *tenantWrites) watch(ctx context.Context, since string, objects dynamic.ResourceInterface) error {
	watching, err := watchtools.NewRetryWatcherWithContext(ctx, since, &cache.ListWatch{WatchFuncWithContext: objects.Watch})
	if err != nil {
		return err
	}
	for event := range watching.ResultChan() {
		if object, ok := event.Object.(*unstructured.Unstructured); ok && event.Type != watch.Deleted { // etcd keeps the key
			w.note(object)
		}
	}
	return nil
}

// note counts a revision of the tenant's. One of the same generation as before has another status alone.
func (w *tenantWrites) note(object *unstructured.Unstructured) {
	text, _ := json.Marshal(object)
	w.mu.Lock()
	defer w.mu.Unlock()
	uid := string(object.GetUID())
	if before, seen := w.generations[uid]; !seen || before != object.GetGeneration() {
		w.bytes += float64(len(text))
	}
	w.generations[uid] = object.GetGeneration()
}

// progress says now and then how much memory the adapter takes, and by how much etcd grew.
func (w *fixture) progress(ctx context.Context, before etcdState) {
	verifier.Paced(ctx, 30*time.Second, func(int) {
		size, err := w.etcdSize(ctx)
		if err != nil {
			return
		}
		memory, _ := measure.Memory(w.adapter.PID())
		say("the adapter takes %d MiB, etcd grew by %.1f MB", memory.VmRSS/mebibyte, (size-before.size)/1e6)
	})
}
