package status

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"

	"golang.org/x/time/rate"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// controller reconciles while this replica leads. Requests run in goroutines of their
// own and report to results; everything else belongs to the goroutine of run.
type controller struct {
	*Writer
	objects map[types.NamespacedName]*object
	due     dueHeap
	atOnce  *queue
	inTurn  *queue
	turns   turns
	sharing sharing

	results  chan result
	requests sync.WaitGroup
	logging  rate.Sometimes
}

// result is the end of a request.
type result struct {
	object *object
	queue  *queue
	write  write
	base   *v1alpha1.RedisStatus
	err    error
}

func newController(w *Writer) *controller {
	return &controller{
		Writer:  w,
		objects: map[types.NamespacedName]*object{},
		atOnce:  newQueue(urgentPerSecond, urgentBurst, inFlightAtMost-numbersInFlight),
		inTurn:  newQueue(numbersPerSecond, numbersBurst, numbersInFlight),
		turns:   turns{},
		results: make(chan result, inFlightAtMost),
		logging: rate.Sometimes{Interval: failureLogGap},
		sharing: newSharing(),
	}
}

func (r *controller) run(ctx context.Context) {
	defer r.requests.Wait()
	for _, t := range r.cfg.Index.Select("", labels.Everything()) {
		r.sharing.note(t, r.cfg.Histories.Get(t.ID()))
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-timer.C:
		case ended := <-r.results:
			r.finishWrite(ctx, ended)
		}
		for _, name := range r.collect() {
			r.reconcile(name)
		}
		for _, o := range r.due.take(time.Now()) {
			r.reconcile(o.name)
		}
		r.startWrites(ctx, r.atOnce)
		r.startWrites(ctx, r.inTurn)
		timer.Reset(time.Until(r.next()))
	}
}

// next is when there is something to do although nothing happens.
func (r *controller) next() time.Time {
	now := time.Now()
	next := now.Add(sweepPeriod)
	if len(r.due) > 0 {
		next = earlier(next, r.due[0].due)
	}
	for _, q := range []*queue{r.atOnce, r.inTurn} {
		if opens, ok := q.opens(now); ok {
			next = earlier(next, opens)
		}
	}
	return next
}

// reconcile decides what an object needs, and queues it for that.
func (r *controller) reconcile(name types.NamespacedName) {
	now := time.Now()
	o, t := r.remember(name, now)
	if t == nil {
		return
	}
	if o.inFlight {
		o.again, o.fresh = now.Add(sweepPeriod), nil
		r.due.set(o)
		return
	}
	f := r.compare(o, t, now, o.queue == r.inTurn)
	r.requeue(o, &f, now)
}

// remember returns the object of that name and its target, and forgets it if there is none.
// It does not count as up to date from here on: each later sample causes a look.
func (r *controller) remember(name types.NamespacedName, now time.Time) (*object, *target.Target) {
	r.setCurrent(name, nil)
	o := r.objects[name]
	t, exists := r.cfg.Index.Get(name)
	if o != nil && (!exists || o.uid != t.UID) {
		o.put(nil)
		r.due.drop(o)
		delete(r.objects, name)
		r.sharing.set(name, nil)
	}
	if !exists {
		return nil, nil
	}
	if o == nil || o.uid != t.UID {
		before := o
		o = newObject(t, now)
		if before != nil && before.successor == t.UID {
			o.first = time.Time{}
		}
		r.objects[name] = o
	}
	o.follow(t, now)
	h := r.cfg.Histories.Get(t.ID())
	r.sharing.note(t, h)
	o.hint = r.sharing.hint(name, h)
	return o, t
}

// requeue puts an object where its comparison says.
func (r *controller) requeue(o *object, f *comparison, now time.Time) {
	var wanted *queue
	switch f.need {
	case needNumbers:
		wanted = r.inTurn
	case needUrgent:
		wanted = r.atOnce
	}
	if wanted != nil && o.turn.IsZero() && !f.at.After(now) {
		o.turn = r.turns.next(o.name.Namespace, now)
	}
	if at := later(f.at, o.turn); wanted != nil && at.After(now) {
		f.again = earlier(f.again, at)
		wanted = nil
	}
	o.put(wanted)
	o.again, o.fresh = f.again, nil
	switch {
	case f.current:
		o.fresh = newFreshness(f.target, o.hint, now, f.expires)
		r.setCurrent(o.name, o.fresh)
	case !f.expires.IsZero():
		o.again = earlier(f.again, f.expires)
	}
	r.due.set(o)
}

// startWrites begins the writes that a queue has and its bounds allow. What is written
// is what is true now, not what was when the object began to wait.
func (r *controller) startWrites(ctx context.Context, q *queue) {
	for {
		now := time.Now()
		o := q.first(now)
		if o == nil {
			return
		}
		o, t := r.remember(o.name, now)
		if t == nil {
			continue
		}
		f := r.compare(o, t, now, false)
		r.requeue(o, &f, now)
		if o.queue != q {
			continue
		}
		q.limit.AllowN(now, 1)
		o.put(nil)
		o.turn = time.Time{}
		r.startWrite(ctx, o, q, write{name: o.name, uid: o.uid, status: r.compose(o, &f, now)}, f.base)
	}
}

func (r *controller) startWrite(ctx context.Context, o *object, q *queue, w write, base *v1alpha1.RedisStatus) {
	q.inFlight++
	o.inFlight = true
	begun := result{object: o, queue: q, base: base, write: w}
	r.requests.Go(func() {
		begun.err = r.apply(ctx, begun.write)
		r.results <- begun
	})
}

// finishWrite takes in the outcome of a request.
func (r *controller) finishWrite(ctx context.Context, ended result) {
	o, now := ended.object, time.Now()
	ended.queue.inFlight--
	o.inFlight = false
	var other *otherObjectError
	switch {
	case ended.err == nil:
		o.written, o.wroteAt, o.failures = ended.write.status, now, 0
		announce(r.cfg.Events, ended.write, ended.base)
	case isGone(ended.err):
		o.retryAt = now.Add(lastRetry)
		if errors.As(ended.err, &other) {
			o.successor = other.uid
			if current := r.objects[o.name]; current != nil && current.uid == other.uid {
				current.first = time.Time{}
			}
		}
	default:
		o.failures++
		o.retryAt = now.Add(backoff(o.failures, ended.err))
		r.logging.Do(func() {
			klog.FromContext(ctx).Error(loggable(ended.err), "Status not written, will try again", "redis", klog.KRef(o.name.Namespace, o.name.Name))
		})
	}
	r.reconcile(o.name)
}

// backoff is the wait after a number of failures, a little different for each
// object, and no shorter than the API server asks for.
func backoff(failures int, err error) time.Duration {
	wait := lastRetry
	if doublings := failures - 1; doublings < 6 {
		wait = min(firstRetry<<doublings, lastRetry)
	}
	if seconds, asked := apierrors.SuggestsClientDelay(err); asked {
		wait = max(wait, time.Duration(seconds)*time.Second)
	}
	return min(wait, lastRetry) + rand.N(wait/4)
}
