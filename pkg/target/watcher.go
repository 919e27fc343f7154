package target

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// Sink is told which targets there are. A target is Set when its object
// appears, and again whenever its object changes in any way; the target before
// is Removed first if its ID differs.
type Sink interface {
	Set(t *Target)
	Remove(t *Target)
}

// Watcher follows the Redis objects of all namespaces.
type Watcher struct {
	index      *Index
	sink       Sink
	reserved   func(name string) bool
	controller cache.Controller
}

// NewClient returns a client for Redis objects.
func NewClient(config *rest.Config) (rest.Interface, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	version := v1alpha1.GroupVersion()
	config.GroupVersion = &version
	config.APIPath = "/apis"
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for %s: %w", v1alpha1.GroupResource(), err)
	}
	return client, nil
}

// NewWatcher returns a Watcher that keeps index and tells sink. No object may
// declare a metric of a reserved name.
func NewWatcher(ctx context.Context, client rest.Interface, index *Index, sink Sink, reserved func(name string) bool) *Watcher {
	w := &Watcher{index: index, sink: sink, reserved: reserved}
	logger := klog.FromContext(ctx)
	_, w.controller = cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: cache.NewFilteredListWatchFromClient(client, v1alpha1.Resource, metav1.NamespaceAll, func(*metav1.ListOptions) {}),
		ObjectType:    &v1alpha1.Redis{},
		Transform:     withoutManagedFields,
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(o any) { w.set(logger, o) },
			UpdateFunc: func(_, o any) { w.set(logger, o) },
			DeleteFunc: w.delete,
		},
	})
	return w
}

// Run follows the objects until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	w.controller.RunWithContext(ctx)
}

// Synced tells whether every object that existed at the start has been announced.
func (w *Watcher) Synced() bool {
	return w.controller.HasSynced()
}

func (w *Watcher) set(logger klog.Logger, o any) {
	object, ok := o.(*v1alpha1.Redis)
	if !ok {
		return
	}
	t, err := fromObject(object)
	if err != nil {
		logger.Error(err, "Redis object left out", "redis", klog.KObj(object))
		w.remove(types.NamespacedName{Namespace: object.Namespace, Name: object.Name})
		return
	}
	if known, ok := w.index.Get(t.NamespacedName); ok && known.ID() == t.ID() {
		// A write of status, or of labels, leaves the spec as it is.
		t.Declared, t.Probes, t.Problems = known.Declared, known.Probes, known.Problems
		t.Fallback, t.Fallbacks = known.Fallback, known.Fallbacks
	} else {
		t.declare(object.Spec.Metrics, w.reserved)
		t.fallBack(object.Spec.Fallback, w.reserved)
	}
	before := w.index.set(t)
	if before != nil && before.ID() != t.ID() {
		w.sink.Remove(before)
	}
	w.sink.Set(t)
}

func (w *Watcher) delete(o any) {
	// The tombstone of a missed deletion knows the key at least.
	key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(o)
	if err != nil {
		return
	}
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return
	}
	w.remove(types.NamespacedName{Namespace: namespace, Name: name})
}

func (w *Watcher) remove(name types.NamespacedName) {
	if before := w.index.remove(name); before != nil {
		w.sink.Remove(before)
	}
}

// withoutManagedFields keeps memory for what is read.
func withoutManagedFields(o any) (any, error) {
	if object, ok := o.(*v1alpha1.Redis); ok {
		object.ManagedFields = nil
	}
	return o, nil
}
