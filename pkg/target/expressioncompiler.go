package target

import (
	"context"
	"slices"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/expression"
)

// Bounds on formulas. The charge of a formula is the length of its text and
// formulaCharge. It keeps at most 80 bytes of memory for each byte charged.
const (
	// formulasPerNamespace bounds the charge of the formulas of one namespace. A
	// formula that several objects use is charged once.
	formulasPerNamespace = 128 << 10
	// formulasInAll bounds the charge of all formulas.
	formulasInAll = 2 << 20
	// formulasPerSecond is how much of a namespace is compiled per second, after a
	// burst of formulasPerNamespace.
	formulasPerSecond = 4 << 10
	formulaCharge     = 100
)

// formula is a compiled formula.
type formula struct {
	compiled *expression.Expression
	err      error
	claims   int // of objects that name it
}

// claim holds the formulas of one object.
type claim struct {
	name types.NamespacedName
	id   string
	// sources are the texts, each once, and found their compiled forms, nil for those
	// that wait.
	sources []string
	found   []*formula
}

// missing returns the index of the first formula that is not compiled yet, -1 if there is none.
func (c *claim) missing() int { return slices.Index(c.found, nil) }

// namespace holds the formulas of one namespace.
type namespace struct {
	formulas map[string]*formula // by text
	size     int                 // what is counted of them
	claims   int
	waiting  []*claim // in the order in which they came
	pace     *rate.Limiter
}

// formulas holds compiled formulas, and which objects wait for which. Namespaces take
// turns, one formula each, so none waits for all formulas of another. The Watcher's
// lock guards it.
type formulas struct {
	namespaces map[string]*namespace
	turns      []string // names of namespaces, the next one first
	claims     map[types.NamespacedName]*claim
	size       int
}

// charge returns the charge of a formula.
func charge(source string) int { return len(source) + formulaCharge }

// claim replaces the formulas of a target's object. The returned claim already has
// those that are compiled.
func (f *formulas) claim(t *Target) *claim {
	c := &claim{name: t.NamespacedName, id: t.ID(), sources: t.formulas()}
	c.found = make([]*formula, len(c.sources))
	before := f.claims[c.name]
	if len(c.sources) > 0 {
		n := f.namespaceOf(c.name.Namespace)
		n.claims++
		f.claims[c.name] = c
		for i, source := range c.sources {
			if known := n.formulas[source]; known != nil {
				known.claims++
				c.found[i] = known
			}
		}
		if c.missing() >= 0 {
			n.waiting = append(n.waiting, c)
		}
	} else {
		delete(f.claims, c.name)
	}
	f.drop(before)
	return c
}

// release drops the claim of an object.
func (f *formulas) release(name types.NamespacedName) {
	before := f.claims[name]
	delete(f.claims, name)
	f.drop(before)
}

// drop releases a claim, and the formulas that no other claim holds.
func (f *formulas) drop(c *claim) {
	if c == nil {
		return
	}
	n := f.namespaces[c.name.Namespace]
	n.claims--
	n.waiting = slices.DeleteFunc(n.waiting, func(other *claim) bool { return other == c })
	for i, held := range c.found {
		if held == nil {
			continue
		}
		if held.claims--; held.claims == 0 {
			delete(n.formulas, c.sources[i])
			n.size -= charge(c.sources[i])
			f.size -= charge(c.sources[i])
		}
	}
}

func (f *formulas) namespaceOf(name string) *namespace {
	n := f.namespaces[name]
	if n == nil {
		n = &namespace{formulas: map[string]*formula{}, pace: rate.NewLimiter(formulasPerSecond, formulasPerNamespace)}
		if f.namespaces == nil {
			f.namespaces, f.claims = map[string]*namespace{}, map[types.NamespacedName]*claim{}
		}
		f.namespaces[name] = n
		f.turns = append(f.turns, name)
	}
	return n
}

// next returns the formula to compile now, if any. Otherwise wait is how long until
// there may be one without a change to any object, 0 if there will be none.
func (f *formulas) next(now time.Time) (in, source string, wait time.Duration) {
	f.forget(now)
	for range f.turns {
		name := f.turns[0]
		f.turns = append(f.turns[1:], name)
		n := f.namespaces[name]
		if len(n.waiting) == 0 {
			continue
		}
		source := n.waiting[0].sources[n.waiting[0].missing()]
		size := charge(source)
		if n.size+size > formulasPerNamespace || f.size+size > formulasInAll {
			continue
		}
		turn := n.pace.ReserveN(now, size)
		if delay := turn.DelayFrom(now); delay > 0 {
			turn.CancelAt(now)
			if wait == 0 || delay < wait {
				wait = delay
			}
			continue
		}
		return name, source, 0
	}
	return "", "", wait
}

// forget drops namespaces without formulas, once their rate limit has recovered, so
// that they gain nothing from being forgotten.
func (f *formulas) forget(now time.Time) {
	f.turns = slices.DeleteFunc(f.turns, func(name string) bool {
		n := f.namespaces[name]
		gone := n.claims == 0 && n.pace.TokensAt(now) >= formulasPerNamespace
		if gone {
			delete(f.namespaces, name)
		}
		return gone
	})
}

// add adds a compiled formula, and returns the claims that are now complete. A formula
// that no object uses any more is dropped.
func (f *formulas) add(in, source string, added formula) (complete []*claim) {
	n := f.namespaces[in]
	if n == nil {
		return nil
	}
	for _, c := range n.waiting {
		if i := slices.Index(c.sources, source); i >= 0 {
			c.found[i] = &added
			added.claims++
		}
	}
	if added.claims == 0 {
		return nil
	}
	n.formulas[source] = &added
	n.size += charge(source)
	f.size += charge(source)
	n.waiting = slices.DeleteFunc(n.waiting, func(c *claim) bool {
		if c.missing() >= 0 {
			return false
		}
		complete = append(complete, c)
		return true
	})
	return complete
}

// look makes compileFormulas look for formulas to compile.
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

// found gives a formula to the objects that wait for it, and announces those that are
// now complete.
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
