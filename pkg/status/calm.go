package status

import (
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// freshness is until when the newest sample of a calm target is current, if one is.
// Attempts that are passed over put it off.
type freshness struct {
	target *target.Target
	hint   string
	from   time.Time
	lasts  atomic.Int64 // nanoseconds, 0 for no sample
	// shows is the revision of the nodes with which the status was found to show what
	// is known, nil if more than they decides that.
	shows atomic.Pointer[history.Revision]
}

func newFreshness(t *target.Target, hint string, now, expires time.Time) *freshness {
	f := &freshness{target: t, hint: hint, from: now}
	f.extend(expires)
	return f
}

// before returns the end if it is earlier than an instant, or else that.
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

// Sampled says that an attempt to sample a target has ended. One that changes nothing
// of a status that shows what is known is passed over here: at thousands in
// a second, even waking Run for each would cost several times what this does.
func (w *Writer) Sampled(t *target.Target) {
	if w.leading.Load() && !w.agrees(t) {
		w.post(t.NamespacedName)
	}
}

// agrees reports whether a target is calm, and that its status still shows what is known of
// it. A picture costs mostly the time to get what it is made of into the processor's
// cache, so none is made of an object whose nodes told the same ever since, and whose
// rates are known.
func (w *Writer) agrees(t *target.Target) bool {
	w.mu.Lock()
	calm := w.calm[t.NamespacedName]
	w.mu.Unlock()
	if calm == nil || calm.target.ID() != t.ID() {
		return false
	}
	now := time.Now()
	h := w.cfg.Series.Get(t.ID())
	revision := h.Revision()
	if revision != nil && calm.shows.Load() == revision && len(w.cfg.Foreign()) == 0 {
		if span, err := h.Span(now); err == nil {
			calm.extend(expiryOf(span.Last, calm.target.MaxAge))
			return true
		}
	}
	p := w.see(calm.target, h, calm.hint, now)
	w.judge(&p, calm.target.Status, now)
	if !p.changes.IsZero() || !p.shownBy(calm.target.Status, w.cfg.ReasonOf) {
		return false
	}
	if p.ofNodesAlone() {
		calm.shows.Store(revision)
	}
	calm.extend(p.expires)
	return true
}

// setCalm notes that a target is calm, nil that the one of that name is not. Who looks
// at an object sets nil before it reads what is known, so that of an attempt that
// ends meanwhile either the look or the notice knows.
func (w *Writer) setCalm(name types.NamespacedName, calm *freshness) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if calm == nil {
		delete(w.calm, name)
		return
	}
	w.calm[name] = calm
}
