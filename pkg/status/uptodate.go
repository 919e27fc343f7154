package status

import (
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// freshness says how long the status of an object stays up to date: until the newest
// sample of its target expires. Attempts that change nothing extend it.
type freshness struct {
	target *target.Target
	hint   string
	from   time.Time
	lasts  atomic.Int64 // nanoseconds, 0 for no sample
	// shows is the revision of the nodes that the status shows, nil if it depends on
	// more than the nodes.
	shows atomic.Pointer[history.Revision]
}

func newFreshness(t *target.Target, hint string, now, expires time.Time) *freshness {
	f := &freshness{target: t, hint: hint, from: now}
	f.extend(expires)
	return f
}

// before returns its end or the given instant, whichever comes first.
func (f *freshness) before(at time.Time) time.Time {
	lasts := f.lasts.Load()
	if lasts == 0 {
		return at
	}
	return earlier(at, f.from.Add(time.Duration(lasts)))
}

func (f *freshness) extend(expires time.Time) {
	if !expires.IsZero() {
		f.lasts.Store(int64(expires.Sub(f.from)))
	}
}

// Sampled is called when an attempt to sample a target has ended. If the status is
// still up to date, it ends here: at thousands of attempts a second, waking Run for
// each would cost several times as much.
func (w *Writer) Sampled(t *target.Target) {
	if w.leading.Load() && !w.upToDate(t) {
		w.post(t.NamespacedName)
	}
}

// upToDate reports whether the written status of a target still matches the observed
// state. Most of the cost of an observation is loading it into the processor's cache,
// so none is made if the revision of the nodes is the same and rates are known.
func (w *Writer) upToDate(t *target.Target) bool {
	w.mu.Lock()
	known := w.current[t.NamespacedName]
	w.mu.Unlock()
	if known == nil || known.target.ID() != t.ID() {
		return false
	}
	now := time.Now()
	h := w.cfg.Histories.Get(t.ID())
	revision := h.Revision()
	if revision != nil && known.shows.Load() == revision && len(w.cfg.Foreign()) == 0 {
		if span, err := h.Span(now); err == nil {
			known.extend(expiryOf(span.Last, known.target.MaxAge))
			return true
		}
	}
	p := w.observe(known.target, h, known.hint, now)
	w.judge(&p, known.target.Status, now)
	if !p.changes.IsZero() || !p.shownBy(known.target.Status, w.cfg.ReasonOf) {
		return false
	}
	if p.ofNodesAlone() {
		known.shows.Store(revision)
	}
	known.extend(p.expires)
	return true
}

// setCurrent notes how long the status of an object stays up to date, nil if it is not.
// Reconciling sets nil before it reads the observed state, so an attempt that ends
// meanwhile is seen either by it or by upToDate.
func (w *Writer) setCurrent(name types.NamespacedName, known *freshness) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if known == nil {
		delete(w.current, name)
		return
	}
	w.current[name] = known
}
