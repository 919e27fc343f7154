package bench

import (
	"context"
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
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
func (h *harness) populate(ctx context.Context, objects int, sampling map[string]any) error {
	if err := h.serve(ctx, (objects+perServer-1)/perServer); err != nil {
		return err
	}
	return h.create(ctx, objects, func(n int) map[string]any {
		spec := map[string]any{"address": h.address(n)}
		if sampling != nil {
			spec["sampling"] = sampling
		}
		return spec
	})
}

// address returns where the object of a number reaches its server.
func (h *harness) address(n int) string {
	return h.servers[n%len(h.servers)].addressOf(n / len(h.servers))
}

// create creates Redis objects until there are as many, each with the spec of its number.
func (h *harness) create(ctx context.Context, objects int, spec func(n int) map[string]any) error {
	first := h.objects
	h.objects = max(h.objects, objects)
	return h.each(ctx, first, objects, func(ctx context.Context, client dynamic.ResourceInterface, n int) error {
		object := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": redises.GroupVersion().String(), "kind": "Redis",
			"metadata": map[string]any{"name": objectName(n), "labels": map[string]any{"tier": "bench"}},
			"spec":     spec(n),
		}}
		_, err := client.Create(ctx, object, metav1.CreateOptions{})
		return err
	})
}

// edit changes the spec of the first objects, so that each begins again.
func (h *harness) edit(ctx context.Context, objects int) error {
	patch := []byte(`{"spec":{"sampling":{"timeout":"900ms"}}}`)
	return h.each(ctx, 0, objects, func(ctx context.Context, client dynamic.ResourceInterface, n int) error {
		_, err := client.Patch(ctx, objectName(n), types.MergePatchType, patch, metav1.PatchOptions{})
		return err
	})
}

// depopulate deletes objects until there are no more than so many.
func (h *harness) depopulate(ctx context.Context, objects int) error {
	end := h.objects
	h.objects = min(h.objects, objects)
	return h.each(ctx, objects, end, func(ctx context.Context, client dynamic.ResourceInterface, n int) error {
		return client.Delete(ctx, objectName(n), metav1.DeleteOptions{})
	})
}

func objectName(n int) string { return fmt.Sprintf("redis-%05d", n) }

// each does something with the objects from one number up to another, several at a time.
func (h *harness) each(ctx context.Context, first, end int, do func(context.Context, dynamic.ResourceInterface, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	config := rest.CopyConfig(h.Config())
	// A password in clear text is warned of at each write; here it goes no further than this machine.
	config.WarningHandlerWithContext = rest.NoWarnings{}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	numbers := make(chan int)
	var writing sync.WaitGroup
	for range writers {
		writing.Go(func() {
			for n := range numbers {
				if err := do(ctx, client.Resource(redises).Namespace(namespace), n); err != nil {
					cancel(fmt.Errorf("object %s: %w", objectName(n), err))
				}
			}
		})
	}
	for n := first; n < end && ctx.Err() == nil; n++ {
		numbers <- n
	}
	close(numbers)
	writing.Wait()
	return context.Cause(ctx)
}
