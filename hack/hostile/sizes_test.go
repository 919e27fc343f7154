package hostile

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
)

// Who writes to etcd.
const (
	byTenant        = "the tenant's objects and HPAs"
	byTeam          = "the healthy team's objects"
	byAdapter       = "status by the adapter"
	byAdapterEvents = "Events by the adapter"
	byHPAs          = "status by the HPA controller"
	byHPAEvents     = "Events by the HPA controller"
	byOthers        = "Events by others"
)

// sizes is about how many bytes were written, by whom. A revision counts with the length of its JSON. That is what etcd
// holds of a Redis object; an Event or an HPA takes about a third less.
type sizes map[string]float64

// serverAnnotation holds the name of the server that an object of the tenant leads to.
const serverAnnotation = "server"

// sizer watches what is written.
type sizer struct {
	mu sync.Mutex
	// bytes are by writer, and ofServers those of status by the server of the object.
	bytes, ofServers sizes
	generations      map[string]int64 // by UID
}

// print shows whose status took the most.
func (s *sizer) print(out io.Writer) {
	const most = 12
	names := slices.SortedFunc(maps.Keys(s.ofServers), func(a, b string) int { return cmp.Compare(s.ofServers[b], s.ofServers[a]) })
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nstatus of objects whose server is\tMB\n")
	for _, name := range names[:min(most, len(names))] {
		fmt.Fprintf(w, "%s\t%s\n", name, number(s.ofServers[name]/1e6))
	}
	_ = w.Flush()
}

// watchSizes watches all that the attack has written until the returned function is called.
func (w *world) watchSizes(t *testing.T) (s *sizer, stop func()) {
	t.Helper()
	s = &sizer{bytes: sizes{}, ofServers: sizes{}, generations: map[string]int64{}}
	var stops []func()
	for _, resource := range []schema.GroupVersionResource{
		redises, {Version: "v1", Resource: "events"}, {Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"},
	} {
		list, err := w.objects.Resource(resource).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		for _, object := range list.Items {
			s.generations[string(object.GetUID())] = object.GetGeneration()
		}
		s.mu.Unlock()
		stops = append(stops, background(t.Context(), func(ctx context.Context) { s.watch(ctx, w, resource, list.GetResourceVersion()) }))
	}
	return s, func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// watch notes each revision of a resource since one, until ctx ends.
func (s *sizer) watch(ctx context.Context, w *world, resource schema.GroupVersionResource, since string) {
	for ctx.Err() == nil {
		watching, err := w.objects.Resource(resource).Watch(ctx, metav1.ListOptions{ResourceVersion: since})
		if err != nil {
			sleep(ctx, looking)
			continue
		}
		for event := range watching.ResultChan() {
			if object, ok := event.Object.(*unstructured.Unstructured); ok && event.Type != watch.Error {
				since = object.GetResourceVersion()
				s.note(event.Type, object)
			}
		}
		watching.Stop()
	}
}

func (s *sizer) note(kind watch.EventType, object *unstructured.Unstructured) {
	text, err := json.Marshal(object)
	if err != nil || kind == watch.Deleted { // etcd keeps the key
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	uid := string(object.GetUID())
	before, seen := s.generations[uid]
	s.generations[uid] = object.GetGeneration()
	by := writer(object, seen && before == object.GetGeneration())
	s.bytes[by] += float64(len(text))
	if server := object.GetAnnotations()[serverAnnotation]; by == byAdapter && server != "" {
		s.ofServers[server] += float64(len(text))
	}
}

// writer names who wrote a revision. The spec is the same as before where only status was written.
func writer(object *unstructured.Unstructured, same bool) string {
	healthy := object.GetNamespace() == healthyNamespace
	switch object.GetKind() {
	case "Event":
		source, _, _ := unstructured.NestedString(object.Object, "source", "component")
		switch {
		case strings.HasPrefix(source, "redis-metrics-adapter"):
			return byAdapterEvents
		case source == "horizontal-pod-autoscaler":
			return byHPAEvents
		}
		return byOthers
	case "HorizontalPodAutoscaler":
		if same {
			return byHPAs
		}
		return byTenant
	}
	switch {
	case same:
		return byAdapter
	case healthy:
		return byTeam
	}
	return byTenant
}
