package status

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest/fake"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/provider"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// fixture is an API server, a watch that follows it, and samples, all in memory.
type fixture struct {
	t          testing.TB
	controller *Controller
	store      *history.Store
	// answers is what the metrics API of this replica answers from.
	answers *provider.Provider
	infos   int // asked for so far

	mu      sync.Mutex
	targets map[types.NamespacedName]*target.Target
	writes  []wrote
	events  []string
	lag     time.Duration // of the watch
	foreign []string      // APIServices of another Service
	err     error         // that the API server answers with
}

type wrote struct {
	at     time.Time
	name   types.NamespacedName
	status *v1alpha1.RedisStatus
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	w := &fixture{t: t, store: &history.Store{}, targets: map[types.NamespacedName]*target.Target{}}
	w.answers = provider.New(w, w.store, catalog.Builtin(), unobserved{})
	w.controller = w.newController()
	return w
}

// unobserved implements provider.Observer.
type unobserved struct{}

func (unobserved) Answered(provider.Cause, int)   {}
func (unobserved) Served(time.Duration)           {}
func (unobserved) FellBack(v1alpha1.FallbackType) {}
func (unobserved) InFallback(int)                 {}

// newController is that of another replica, or of this one after a restart.
func (w *fixture) newController() *Controller {
	controller := New(Config{
		Client: &fake.RESTClient{}, Events: w, Index: w, Histories: w.store, Catalog: catalog.Builtin(), Answers: w.answers,
		Foreign: func() []string { return w.foreign },
	})
	controller.apply = w.apply
	return controller
}

func refused() error { return &reason.Error{Reason: reason.ConnectionRefused} }

// Get implements Index.
func (w *fixture) Get(name types.NamespacedName) (*target.Target, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, ok := w.targets[name]
	return t, ok
}

// Current implements provider.Targets.
func (*fixture) Current() error { return nil }

// Select implements Index.
func (w *fixture) Select(string, labels.Selector) []*target.Target {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*target.Target
	for _, t := range w.targets {
		all = append(all, t)
	}
	return all
}

func (w *fixture) apply(_ context.Context, one write) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes = append(w.writes, wrote{time.Now(), one.name, one.status})
	if w.err != nil {
		return w.err
	}
	if w.lag == 0 {
		w.show(one)
		return nil
	}
	time.AfterFunc(w.lag, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.show(one)
	})
	return nil
}

func (w *fixture) show(one write) {
	if t := w.targets[one.name]; t != nil && t.UID == one.uid {
		changed := *t
		changed.Status = one.status
		w.targets[one.name] = &changed
		w.controller.Enqueue(&changed)
	}
}

// Event implements record.EventRecorder.
func (w *fixture) Event(object runtime.Object, kind, reason, message string) {
	ref, ok := object.(*corev1.ObjectReference)
	if !ok || ref.Kind != "Redis" || ref.UID == "" || message == "" || len(message) > maxMessage {
		w.t.Errorf("Event about %#v", object)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, kind+" "+reason)
}

// Eventf implements record.EventRecorder.
func (w *fixture) Eventf(object runtime.Object, kind, reason, format string, args ...any) {
	w.Event(object, kind, reason, fmt.Sprintf(format, args...))
}

// AnnotatedEventf implements record.EventRecorder.
func (w *fixture) AnnotatedEventf(object runtime.Object, _ map[string]string, kind, reason, format string, args ...any) {
	w.Event(object, kind, reason, fmt.Sprintf(format, args...))
}

// add makes an object and the series that a sampler would.
func (w *fixture) add(name string, uid types.UID) *target.Target {
	return w.addIn("default", name, uid)
}

func (w *fixture) addIn(namespace, name string, uid types.UID) *target.Target {
	t := &target.Target{
		NamespacedName: types.NamespacedName{Namespace: namespace, Name: name},
		UID:            uid, Generation: 1, Address: name + ".example:6379",
		Interval: 5 * time.Second, Timeout: time.Second, Window: 15 * time.Second, MaxAge: 15 * time.Second,
		Status: &v1alpha1.RedisStatus{},
	}
	w.set(t)
	return t
}

func (w *fixture) set(t *target.Target) {
	w.mu.Lock()
	w.targets[t.NamespacedName] = t
	w.mu.Unlock()
	w.answers.Set(t)
	w.store.Open(t.ID(), history.Policy{Interval: t.Interval, Window: t.Window, MaxAge: t.MaxAge})
}

func (w *fixture) remove(t *target.Target) {
	w.mu.Lock()
	delete(w.targets, t.NamespacedName)
	w.mu.Unlock()
	w.store.Close(t.ID())
	w.answers.Remove(t)
}

// answer is a successful attempt.
func (w *fixture) answer(t *target.Target, s *server) {
	w.infos++
	w.store.Get(t.ID()).Record(history.NewSample(nil, history.Node{Address: t.Address, At: time.Now(), RoundTrip: time.Millisecond, Info: s.info(w.infos)}))
	w.sampled(t)
}

// fail is a failed attempt.
func (w *fixture) fail(t *target.Target, err error) {
	w.store.Get(t.ID()).Fail(err, history.Node{Address: t.Address, Err: err})
	w.sampled(t)
}

// sampled says that an attempt has ended, in the order in which the adapter does.
func (w *fixture) sampled(t *target.Target) {
	w.answers.Sampled(t)
	w.controller.Enqueue(t)
}

// lead runs the controller until the returned function is called.
func (w *fixture) lead() (stop func()) {
	stop = w.run()
	synctest.Wait()
	return stop
}

// run is lead outside of a bubble of synctest.
func (w *fixture) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.controller.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// pass lets time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// taken returns what was written since it was last called.
func (w *fixture) taken() []wrote {
	w.mu.Lock()
	defer w.mu.Unlock()
	writes := w.writes
	w.writes = nil
	return writes
}

func (w *fixture) takenEvents() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := strings.Join(w.events, ", ")
	w.events = nil
	return events
}

// says is the conditions of an object's status in short.
func (w *fixture) says(t *target.Target) string {
	current, ok := w.Get(t.NamespacedName)
	if !ok {
		return "gone"
	}
	return brief(current.Status)
}

func (w *fixture) status(t *target.Target) *v1alpha1.RedisStatus {
	current, ok := w.Get(t.NamespacedName)
	if !ok {
		return &v1alpha1.RedisStatus{}
	}
	return current.Status
}

func brief(s *v1alpha1.RedisStatus) string {
	var parts []string
	for _, name := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReachable} {
		if c := meta.FindStatusCondition(s.Conditions, name); c != nil {
			parts = append(parts, fmt.Sprintf("%s=%s/%s", name, c.Status, c.Reason))
		}
	}
	return strings.Join(parts, " ")
}

func condition(s *v1alpha1.RedisStatus, name string) metav1.Condition {
	if c := meta.FindStatusCondition(s.Conditions, name); c != nil {
		return *c
	}
	return metav1.Condition{}
}

func (w *fixture) expect(what string, t *target.Target, says string, writes int, events string) {
	w.t.Helper()
	if got := w.says(t); got != says {
		w.t.Errorf("%s: status says %q, want %q", what, got, says)
	}
	if got := len(w.taken()); got != writes {
		w.t.Errorf("%s: %d writes, want %d", what, got, writes)
	}
	if got := w.takenEvents(); got != events {
		w.t.Errorf("%s: Events %q, want %q", what, got, events)
	}
}

func (w *fixture) setErr(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
}

// computed is the status that an object should have now.
func (w *fixture) computed(t *target.Target) *v1alpha1.RedisStatus {
	return w.computedOver(t, w.status(t))
}

// computedOver is the status that an object should have if the API server holds another.
func (w *fixture) computedOver(t *target.Target, shown *v1alpha1.RedisStatus) *v1alpha1.RedisStatus {
	now := time.Now()
	in := input{target: t, history: w.store.Get(t.ID()), shown: shown, now: now}
	wanted := w.controller.compute(&in).status
	return &wanted
}

// upToDate reports whether an object's status shows all that is written at once when it changes.
func (w *fixture) upToDate(t *target.Target) bool {
	return sameConditions(w.status(t), w.computed(t))
}
