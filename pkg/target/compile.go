package target

import (
	"context"
	"time"
)

// look lets compileFormulas look for what to compile.
func (w *Watcher) look() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// compileFormulas compiles the formulas that objects wait for, one after the
// other, until ctx ends.
func (w *Watcher) compileFormulas(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-timer.C:
		}
		for ctx.Err() == nil {
			w.mu.Lock()
			namespace, source, wait := w.formulas.next(time.Now())
			w.mu.Unlock()
			if source == "" {
				if wait > 0 {
					timer.Reset(wait)
				}
				break
			}
			compiled, err := w.compile(source)
			w.found(namespace, source, formula{compiled: compiled, err: err})
		}
	}
}

// found hands a formula to the objects that waited for it, and announces those
// that wait for nothing more.
func (w *Watcher) found(namespace, source string, f formula) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.formulas.add(namespace, source, f) {
		known, ok := w.index.Get(c.name)
		if !ok || known.ID() != c.id {
			continue
		}
		complete := *known
		complete.express(c, w.reserved)
		w.index.set(&complete)
		w.sink.Set(&complete)
	}
}
