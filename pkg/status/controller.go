package status

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"

	"golang.org/x/time/rate"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Index finds targets. *target.Index implements it.
type Index interface {
	Get(name types.NamespacedName) (*target.Target, bool)
	Select(namespace string, selector labels.Selector) []*target.Target
}

// Config is what a Controller works with. All fields are required.
type Config struct {
	// Client writes Redis objects. See the package comment for its QPS.
	Client rest.Interface
	// Events records Events.
	Events record.EventRecorder
	// Index finds targets.
	Index Index
	// Histories holds their samples.
	Histories *history.Store
	// Catalog computes the numbers of the summary.
	Catalog *catalog.Catalog
	// Answers returns the state of expressions and fallbacks.
	Answers Answers
	// Foreign returns the names of the APIServices of the metrics that belong to
	// another Service.
	Foreign func() []string
}

// Controller writes the status of Redis objects while this replica leads.
type Controller struct {
	cfg   Config
	apply func(context.Context, write) error

	running sync.Mutex           // held by Run
	term    atomic.Pointer[term] // nil while this replica does not lead
}

// New returns a Controller that is idle until Run.
func New(cfg Config) *Controller {
	return &Controller{cfg: cfg, apply: func(ctx context.Context, w write) error { return applyStatus(ctx, cfg.Client, w) }}
}

// Enqueue queues the object of a target, if this replica leads. Call it when the object
// has changed or was deleted, and when an attempt to sample it has ended.
func (c *Controller) Enqueue(t *target.Target) {
	if r := c.term.Load(); r != nil {
		r.queue.Add(t.NamespacedName)
	}
}

// Run reconciles all objects, and those that are enqueued later, until ctx ends and the
// last request is over.
func (c *Controller) Run(ctx context.Context) {
	c.running.Lock()
	defer c.running.Unlock()
	if ctx.Err() != nil {
		return
	}
	r := newTerm(c)
	targets := c.cfg.Index.Select("", labels.Everything())
	for _, t := range targets {
		r.sharing.note(t, c.cfg.Histories.Get(t.ID()))
	}
	c.term.Store(r)
	defer c.term.Store(nil)
	for _, t := range targets {
		r.queue.Add(t.NamespacedName)
	}
	var running sync.WaitGroup
	for range workers {
		running.Go(func() { r.work(ctx) })
	}
	<-ctx.Done()
	r.queue.ShutDown()
	running.Wait()
}

// term lasts from the election to the loss of the Lease, and holds what is remembered
// meanwhile.
type term struct {
	*Controller
	queue   workqueue.TypedDelayingInterface[types.NamespacedName]
	retries workqueue.TypedRateLimiter[types.NamespacedName]
	limits  *limits
	sharing *sharing
	logging rate.Sometimes

	mu      sync.Mutex
	objects map[types.NamespacedName]*object
}

func newTerm(c *Controller) *term {
	return &term{
		Controller: c,
		queue:      workqueue.NewTypedDelayingQueue[types.NamespacedName](),
		retries:    workqueue.NewTypedItemExponentialFailureRateLimiter[types.NamespacedName](firstRetry, lastRetry),
		limits:     newLimits(),
		sharing:    &sharing{senders: map[string]sets.Set[types.NamespacedName]{}, processes: map[types.NamespacedName][]string{}},
		logging:    rate.Sometimes{Interval: failureLogGap},
		objects:    map[types.NamespacedName]*object{},
	}
}

func (r *term) work(ctx context.Context) {
	for {
		name, shutdown := r.queue.Get()
		if shutdown {
			return
		}
		if ctx.Err() == nil {
			r.reconcile(ctx, name)
		}
		r.queue.Done(name)
	}
}

// object is what a term remembers about one Redis object. It belongs to the worker that
// reconciles it.
type object struct {
	name types.NamespacedName
	uid  types.UID
	// holdUntil is until when the status of the previous leader may be held.
	holdUntil time.Time
	// observed are the conditions as last computed, with the times of their transitions.
	observed []metav1.Condition
	// written is the last write, nil once the watch shows it.
	written *v1alpha1.RedisStatus
	// wroteAt is when the last write succeeded.
	wroteAt time.Time
	// retryAt is when to write again after a failure.
	retryAt time.Time
	// successor is the object that had taken the name when this one was written.
	successor types.UID
	// wakeAt is when the queue returns the object.
	wakeAt time.Time
}

// reconcile writes the status of one object if it differs from what was observed and
// the limits allow a write. Otherwise the object is queued for when that may have
// changed.
func (r *term) reconcile(ctx context.Context, name types.NamespacedName) {
	now := time.Now()
	t, exists := r.cfg.Index.Get(name)
	if !exists {
		r.forget(name)
		return
	}
	o, h := r.remember(t, now), r.cfg.Histories.Get(t.ID())
	in := input{target: t, history: h, shown: o.shown(t, now), observed: o.observed, hint: r.sharing.note(t, h), holdUntil: o.holdUntil, now: now}
	wanted := r.compute(&in)
	if !wanted.held {
		o.holdUntil = time.Time{}
	}
	urgent := !sameConditions(in.shown, &wanted.status)
	o.observed = in.shown.Conditions // keeps no second copy of what is the same
	if urgent {
		o.observed = wanted.status.Conditions
	}
	gap := objectGap
	if !urgent {
		gap = r.limits.numbersGap(name.Namespace)
	}
	due := later(o.wroteAt.Add(gap), o.retryAt)
	switch {
	case !urgent && wanted.held:
	case due.After(now):
		wanted.until = earlier(wanted.until, due)
	default:
		if !urgent {
			wanted.status.Summary = r.summary(h, t.Database, now)
			if sameNumbers(in.shown, &wanted.status) {
				break
			}
		}
		release, ok := r.limits.acquire(ctx, o, urgent)
		if !ok {
			wanted.until = now.Add(r.limits.retryAfter(name.Namespace))
			break
		}
		defer release()
		if urgent { // not before there is a token: thousands of new objects in one namespace try at each attempt
			wanted.status.Summary = r.summary(h, t.Database, now)
		}
		r.write(ctx, o, wanted.status, in.shown)
		return
	}
	r.requeue(o, wanted.until, now)
}

// remember returns what is remembered about the object of a target.
func (r *term) remember(t *target.Target, now time.Time) *object {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.objects[t.NamespacedName]
	if before != nil && before.uid == t.UID {
		return before
	}
	o := &object{name: t.NamespacedName, uid: t.UID, holdUntil: now.Add(min(2*t.Interval+t.Timeout, holdAtMost))}
	switch {
	case before == nil:
		r.limits.count(t.Namespace, +1)
	case before.successor == t.UID:
		o.holdUntil = time.Time{} // its status is that of the object before
	}
	if t.Status != nil && t.Status.Summary != nil {
		o.wroteAt = earlier(t.Status.Summary.SampleTime.Time, now) // about, by the previous leader
	}
	r.objects[t.NamespacedName] = o
	return o
}

func (r *term) forget(name types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.objects[name] == nil {
		return
	}
	delete(r.objects, name)
	r.limits.count(name.Namespace, -1)
	r.sharing.forget(name)
	r.retries.Forget(name)
}

// requeue queues the object for an instant, or sooner.
func (r *term) requeue(o *object, at, now time.Time) {
	if o.wakeAt.After(now) && !at.Before(o.wakeAt) {
		return
	}
	o.wakeAt = at
	r.queue.AddAfter(o.name, at.Sub(now))
}

// shown returns the status that the API server is known to hold: the last write, until
// the watch shows it.
func (o *object) shown(t *target.Target, now time.Time) *v1alpha1.RedisStatus {
	shown := t.Status
	if shown == nil {
		shown = &v1alpha1.RedisStatus{}
	}
	if o.written != nil && now.Sub(o.wroteAt) <= watchLag && !equality.Semantic.DeepEqual(o.written, shown) {
		return o.written
	}
	o.written = nil
	return shown
}

// write writes a status, and records Events for what changed.
func (r *term) write(ctx context.Context, o *object, status v1alpha1.RedisStatus, shown *v1alpha1.RedisStatus) {
	err := r.apply(ctx, write{name: o.name, uid: o.uid, status: &status})
	now := time.Now()
	switch {
	case err == nil:
		o.written, o.wroteAt = &status, now
		r.retries.Forget(o.name)
		announce(r.cfg.Events, o, shown, &status)
	case isGone(err):
		if other, ok := errors.AsType[*otherObjectError](err); ok {
			o.successor = other.uid
		}
		o.retryAt = now.Add(lastRetry)
	default:
		o.retryAt = now.Add(retryAfter(r.retries.When(o.name), err))
		r.logging.Do(func() {
			klog.FromContext(ctx).Error(loggable(err), "Status not written, will try again", "redis", klog.KRef(o.name.Namespace, o.name.Name))
		})
	}
	r.queue.Add(o.name)
}

// retryAfter returns the backoff, or longer if the API server asks for it.
func retryAfter(backoff time.Duration, err error) time.Duration {
	if seconds, asked := apierrors.SuggestsClientDelay(err); asked {
		return min(max(backoff, time.Duration(seconds)*time.Second), lastRetry)
	}
	return backoff
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
