package target

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/expression"
)

// silence is how long the API server may be silent before the objects are listed again.
// It sends a bookmark each minute.
// Source: defaultBookmarkFrequency in k8s.io/apiserver/pkg/storage/cacher/cacher.go.
const silence = 75 * time.Second

// Sink receives changes to the set of targets. A target is Set when its object appears,
// and again whenever the object changes in any way. If its ID changes, the earlier
// target is Removed first. A target is Set once more when its formulas have been
// compiled, unless they were when its object appeared.
type Sink interface {
	Set(t *Target)
	Remove(t *Target)
}

// Watcher follows the Redis objects of all namespaces. It keeps no copy of them besides the
// index.
type Watcher struct {
	index     *Index
	sink      Sink
	reserved  func(name string) bool
	logger    klog.Logger
	reflector *cache.Reflector
	synced    atomic.Bool
	silent    *time.Timer // ends the list or watch that hears nothing
	compile   func(source string) (*expression.Expression, error)
	wake      chan struct{} // when there may be a formula to compile

	mu       sync.Mutex // of changes to the index, held while the sink is told
	formulas formulas
}

// NewClient returns a client for Redis objects.
func NewClient(config *rest.Config) (rest.Interface, error) {
	scheme := runtime.NewScheme()
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	config = rest.CopyConfig(config)
	config.GroupVersion = new(v1alpha1.GroupVersion())
	config.APIPath = "/apis"
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for %s: %w", v1alpha1.GroupResource(), err)
	}
	return client, nil
}

// NewWatcher returns a Watcher that updates index and calls sink. No object may declare
// a metric with a reserved name.
func NewWatcher(ctx context.Context, client rest.Interface, index *Index, sink Sink, reserved func(name string) bool) *Watcher {
	w := &Watcher{
		index: index, sink: sink, reserved: reserved, logger: klog.FromContext(ctx),
		compile: expression.Compile, wake: make(chan struct{}, 1),
	}
	all := cache.NewFilteredListWatchFromClient(client, v1alpha1.Resource, metav1.NamespaceAll, func(*metav1.ListOptions) {})
	w.reflector = cache.NewReflectorWithOptions(all, &v1alpha1.Redis{}, objects{w}, cache.ReflectorOptions{
		Name: v1alpha1.Resource, Logger: &w.logger,
		// client-go would wait for up to a minute before it tries again, and values of an
		// outdated spec could be served meanwhile.
		Backoff: &wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 10, Cap: 2 * time.Second},
	})
	return w
}

// Run follows the objects until ctx ends. Their formulas are compiled concurrently, so
// no change to an object waits for another object's formulas.
func (w *Watcher) Run(ctx context.Context) {
	var compiling sync.WaitGroup
	defer compiling.Wait()
	compiling.Go(func() { w.compileFormulas(ctx) })
	for ctx.Err() == nil {
		w.follow(ctx)
	}
}

// follow lists and watches the objects until ctx ends or the API server has been silent
// for too long. client-go ends a silent connection, but not a silent watch on a
// connection whose other end, such as a proxy, still answers.
func (w *Watcher) follow(ctx context.Context) {
	listening, cancel := context.WithCancel(ctx)
	defer cancel()
	w.silent = time.AfterFunc(silence, cancel)
	defer w.silent.Stop()
	w.reflector.RunWithContext(listening)
	if ctx.Err() == nil {
		w.logger.Info("The API server is silent about Redis objects: listing them again", "after", silence)
	}
}

// hear records that the targets reflect what the API server says.
func (w *Watcher) hear() {
	w.index.heard.Store(new(time.Now()))
	w.silent.Reset(silence)
}

// Synced reports whether every object that existed at the start has been announced.
func (w *Watcher) Synced() bool {
	return w.synced.Load()
}

// objects receives what the reflector lists and watches, and updates the targets.
type objects struct{ *Watcher }

// Add adds a new object.
func (w objects) Add(o any) error { return w.Update(o) }

// Update replaces an object that has changed, or has been created again under its name.
func (w objects) Update(o any) error {
	w.take(o)
	w.hear()
	return nil
}

// Delete removes a deleted object.
func (w objects) Delete(o any) error {
	if object, ok := o.(*v1alpha1.Redis); ok {
		w.remove(named(object))
	}
	w.hear()
	return nil
}

// Bookmark records that nothing else has changed.
func (w objects) Bookmark(string) error {
	w.hear()
	return nil
}

// Replace replaces all objects.
func (w objects) Replace(all []any, _ string) error {
	there := make(map[types.NamespacedName]bool, len(all))
	for _, o := range all {
		if object, ok := o.(*v1alpha1.Redis); ok {
			there[named(object)] = true
		}
	}
	for _, known := range w.index.Select(metav1.NamespaceAll, labels.Everything()) {
		if !there[known.NamespacedName] {
			w.remove(known.NamespacedName)
		}
	}
	for _, o := range all {
		w.take(o)
	}
	w.hear()
	w.synced.Store(true)
	return nil
}

func (w objects) take(o any) {
	if object, ok := o.(*v1alpha1.Redis); ok {
		w.set(object)
	}
}

// Resync does nothing, because the targets always match the objects.
func (w objects) Resync() error { return nil }

func named(o *v1alpha1.Redis) types.NamespacedName {
	return types.NamespacedName{Namespace: o.Namespace, Name: o.Name}
}

func (w *Watcher) set(object *v1alpha1.Redis) {
	t, err := fromObject(object)
	if err != nil {
		w.logger.Error(err, "Redis object left out", "redis", klog.KObj(object))
		w.remove(named(object))
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if known, ok := w.index.Get(t.NamespacedName); ok && known.ID() == t.ID() {
		// A write of status or labels does not change the spec.
		t.Declared, t.Probes, t.Problems = known.Declared, known.Probes, known.Problems
		t.Fallback, t.Fallbacks = known.Fallback, known.Fallbacks
	} else {
		t.declare(object.Spec.Metrics, w.reserved)
		t.fallBack(object.Spec.Fallback, w.reserved)
		if c := w.formulas.claim(t); c.missing() < 0 {
			t.express(c, w.reserved)
		}
		w.look()
	}
	before := w.index.set(t)
	if before != nil && before.ID() != t.ID() {
		w.sink.Remove(before)
	}
	w.sink.Set(t)
}

func (w *Watcher) remove(name types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.formulas.release(name)
	w.look()
	if before := w.index.remove(name); before != nil {
		w.sink.Remove(before)
	}
}
