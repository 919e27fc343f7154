package target_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/expression"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// slow is a formula that compiles for as long as a test wants.
const slow = `metric("built-in") + 1.0`

// gate holds the compiler at slow until it is opened, and counts what it compiles.
type gate struct {
	reached, open chan struct{}
	compiled      chan string
}

func newGate(t *testing.T) *gate {
	g := &gate{reached: make(chan struct{}, 1), open: make(chan struct{}), compiled: make(chan string, 100)}
	t.Cleanup(func() {
		select {
		case <-g.open:
		default:
			close(g.open)
		}
	})
	return g
}

func (g *gate) hold(w *target.Watcher) {
	w.CompileWith(func(source string) (*expression.Expression, error) {
		if strings.HasPrefix(source, slow) {
			g.reached <- struct{}{}
			<-g.open
		}
		g.compiled <- source
		return expression.Compile(source)
	})
}

func computing(namespace, name string, generation int64, formulas ...string) *v1alpha1.Redis {
	o := redis(namespace, name, "u-"+name, generation)
	for i, formula := range formulas {
		o.Spec.Metrics = append(o.Spec.Metrics, v1alpha1.Metric{Name: string(rune('a' + i)), Expression: formula})
	}
	return o
}

// TestNoChangeWaitsForAFormula makes, edits and deletes objects while the formula
// of another tenant is being compiled.
func TestNoChangeWaitsForAFormula(t *testing.T) {
	eachWay(t, func(t *testing.T, server *apiServer) {
		g := newGate(t)
		index, s, _ := following(t, server, g.hold)
		hostile := computing("hostile", "one", 1, slow)
		server.put(hostile)
		s.want(t, "set hostile/one u-one/1")
		<-g.reached
		plain := redis("b", "plain", "u1", 1)
		server.put(plain)
		s.want(t, "set b/plain u1/1")
		edited := computing("b", "edited", 1, `metric("built-in")`)
		server.put(edited)
		s.want(t, "set b/edited u-edited/1")
		wantPending(t, index, edited, true)
		edited = computing("b", "edited", 2, `2.0 * metric("built-in")`)
		server.put(edited)
		s.want(t, "remove b/edited u-edited/1", "set b/edited u-edited/2")
		wantPending(t, index, edited, true)
		server.delete(plain)
		s.want(t, "remove b/plain u1/1")
		server.delete(hostile)
		s.want(t, "remove hostile/one u-one/1")
		close(g.open)
		s.want(t, "set b/edited u-edited/2")
		wantPending(t, index, edited, false)
		if first, second := <-g.compiled, <-g.compiled; first != slow || second != `2.0 * metric("built-in")` {
			t.Errorf("%q and %q were compiled: the formula before the edit, or of the object that is gone, is nobody's", first, second)
		}
	})
}

func wantPending(t *testing.T, index *target.Index, o *v1alpha1.Redis, want bool) {
	t.Helper()
	got, ok := index.Get(types.NamespacedName{Namespace: o.Namespace, Name: o.Name})
	if !ok || got.Generation != o.Generation || len(got.Declared) != 1 || got.Declared[0].Pending() != want || len(got.Problems) != 0 {
		t.Fatalf("the target is %+v, want one of generation %d whose formula is pending: %v", got, o.Generation, want)
	}
	if (got.Declared[0].Expression == nil) != want {
		t.Errorf("the expression is %v", got.Declared[0].Expression)
	}
}

// TestFormulasAreCompiledOnce gives two objects of a namespace the same formula.
func TestFormulasAreCompiledOnce(t *testing.T) {
	server := serving(t, true)
	g := newGate(t)
	close(g.open)
	index, s, _ := following(t, server, g.hold)
	server.put(computing("a", "one", 1, slow))
	s.want(t, "set a/one u-one/1", "set a/one u-one/1")
	server.put(computing("a", "two", 1, slow))
	s.want(t, "set a/two u-two/1") // at once
	o := computing("a", "one", 1, slow)
	o.Labels = map[string]string{"app": "shop"}
	server.put(o)
	s.want(t, "set a/one u-one/1")
	wantPending(t, index, o, false)
	if len(g.compiled) != 1 {
		t.Errorf("it was compiled %d times", len(g.compiled))
	}
}

// TestFallbackOfAFormulaThatWaits checks that no fallback answers for a metric that
// no outage makes unknown.
func TestFallbackOfAFormulaThatWaits(t *testing.T) {
	waiting := &target.Target{
		Declared: []target.Declared{{Name: "a", Formula: slow}},
		Fallback: &target.Fallback{Type: v1alpha1.FallbackValue},
	}
	if waiting.FallbackOf("a") != nil || waiting.FallbackOf("built-in") == nil {
		t.Error("a formula that waits has a fallback, or other metrics have none")
	}
}
