package bench

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

const (
	// perServer is how many Redis objects share a server at most.
	perServer = 1000
	// writers is how many objects are written at a time.
	writers = 16
)

var redises = schema.GroupVersionResource{Group: "redis-metrics.dev", Version: "v1alpha1", Resource: "redises"}

// populate creates Redis objects until there are as many, with more of spec than the address if sampling is not nil.
func (h *harness) populate(objects int, sampling map[string]any) {
	h.b.Helper()
	h.serve((objects + perServer - 1) / perServer)
	h.create(objects, func(n int) map[string]any {
		spec := map[string]any{"address": h.address(n)}
		if sampling != nil {
			spec["sampling"] = sampling
		}
		return spec
	})
}

// address returns where the object of a number reaches its server.
func (h *harness) address(n int) string {
	return addressOf(h.servers[n%len(h.servers)], n/len(h.servers))
}

// create creates Redis objects until there are as many, each with the spec of its number.
func (h *harness) create(objects int, spec func(n int) map[string]any) {
	h.b.Helper()
	first := h.objects
	h.objects = max(h.objects, objects)
	h.each(first, objects, func(ctx context.Context, client dynamic.ResourceInterface, n int) error {
		object := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": redises.GroupVersion().String(), "kind": "Redis",
			"metadata": map[string]any{"name": objectName(n), "labels": map[string]any{"tier": "bench"}},
			"spec":     spec(n),
		}}
		_, err := client.Create(ctx, object, metav1.CreateOptions{})
		return err
	})
}

// depopulate deletes objects until there are no more than so many.
func (h *harness) depopulate(objects int) {
	h.b.Helper()
	end := h.objects
	h.objects = min(h.objects, objects)
	h.delete(objects, end)
}

// delete deletes the objects from one number up to another.
func (h *harness) delete(first, end int) {
	h.b.Helper()
	h.each(first, end, func(ctx context.Context, client dynamic.ResourceInterface, n int) error {
		return client.Delete(ctx, objectName(n), metav1.DeleteOptions{})
	})
}

func objectName(n int) string { return fmt.Sprintf("redis-%05d", n) }

// each does something with the objects from one number up to another, several at a time.
func (h *harness) each(first, end int, do func(context.Context, dynamic.ResourceInterface, int) error) {
	h.b.Helper()
	config := h.Config()
	// A password in clear text is warned of at each write; here it goes no further than this machine.
	config.WarningHandlerWithContext = rest.NoWarnings{}
	client, err := dynamic.NewForConfig(config)
	check(h.b, err)
	writing, ctx := errgroup.WithContext(h.b.Context())
	writing.SetLimit(writers)
	for n := first; n < end; n++ {
		writing.Go(func() error {
			if err := do(ctx, client.Resource(redises).Namespace(namespace), n); err != nil {
				return fmt.Errorf("object %s: %w", objectName(n), err)
			}
			return nil
		})
	}
	check(h.b, writing.Wait())
}
