package target

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/expression"
)

func naming(namespace, name string, texts ...string) *Target {
	t := &Target{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}, UID: types.UID(name), Generation: 1}
	for i, text := range texts {
		t.Declared = append(t.Declared, Declared{Name: fmt.Sprint("m", i), Formula: text})
	}
	return t
}

// compileAll compiles what may be compiled at an instant, and returns the texts in order.
func compileAll(f *formulas, now time.Time) (texts []string, wait time.Duration) {
	for {
		in, source, wait := f.next(now)
		if source == "" {
			return texts, wait
		}
		texts = append(texts, in+"/"+source)
		f.add(in, source, formula{})
	}
}

func TestNamespacesTakeTurns(t *testing.T) {
	var f formulas
	f.claim(naming("a", "one", "1", "2", "3"))
	f.claim(naming("b", "one", "1"))
	f.claim(naming("c", "one", "1", "2"))
	got, _ := compileAll(&f, time.Now())
	if want := []string{"a/1", "b/1", "c/1", "a/2", "c/2", "a/3"}; !slices.Equal(got, want) {
		t.Errorf("compiled in the order %v, want %v", got, want)
	}
}

// longest returns distinct formulas of the greatest length, as many as one object may have.
func longest(object int) []string {
	texts := make([]string, 50)
	for i := range texts {
		texts[i] = fmt.Sprintf("%d-%d-", object, i)
		texts[i] += strings.Repeat("x", expression.MaxLength-len(texts[i]))
	}
	return texts
}

func TestFormulasOfANamespaceAreBounded(t *testing.T) {
	var f formulas
	now := time.Now()
	for object := range 10 {
		f.claim(naming("hostile", fmt.Sprint(object), longest(object)...))
	}
	compiled, _ := compileAll(&f, now)
	if size := f.namespaces["hostile"].size; size > formulasPerNamespace || len(compiled) < 50 {
		t.Fatalf("%d formulas and %d bytes are kept", len(compiled), size)
	}
	f.claim(naming("b", "ordinary", "metric"))
	if got, _ := compileAll(&f, now); !slices.Equal(got, []string{"b/metric"}) {
		t.Errorf("compiled are %v, want what the other namespace asks for", got)
	}
	// What takes up the room is gone, and more may be compiled, in time.
	f.release(types.NamespacedName{Namespace: "hostile", Name: "0"})
	more, wait := compileAll(&f, now)
	if wait <= 0 || wait > time.Second || len(more) > 10 {
		t.Errorf("%d more were compiled at once, and the next in %s", len(more), wait)
	}
	later, _ := compileAll(&f, now.Add(10*time.Second))
	if most := 10 * formulasPerSecond / expression.MaxLength; len(later) == 0 || len(later) > most {
		t.Errorf("%d were compiled within 10 s, want 1 to %d", len(later), most)
	}
}

func TestAllFormulasAreBounded(t *testing.T) {
	var f formulas
	now := time.Now()
	for namespace := range 20 {
		for object := range 2 {
			f.claim(naming(fmt.Sprint(namespace), fmt.Sprint(object), longest(object)...))
		}
	}
	compileAll(&f, now)
	if f.size > formulasInAll || f.size < formulasInAll-expression.MaxLength-formulaCharge {
		t.Errorf("%d bytes are kept of at most %d", f.size, formulasInAll)
	}
	for namespace := range 20 {
		for object := range 2 {
			f.release(types.NamespacedName{Namespace: fmt.Sprint(namespace), Name: fmt.Sprint(object)})
		}
	}
	f.next(now.Add(time.Hour))
	if f.size != 0 || len(f.namespaces) != 0 || len(f.turns) != 0 || len(f.claims) != 0 {
		t.Errorf("%d bytes and %d namespaces are left", f.size, len(f.namespaces))
	}
}

// TestEditKeepsWhatItNamesStill checks that an edit compiles what is new alone.
func TestEditKeepsWhatItNamesStill(t *testing.T) {
	var f formulas
	now := time.Now()
	f.claim(naming("a", "one", "1", "2"))
	compileAll(&f, now)
	if c := f.claim(naming("a", "one", "2", "3")); c.missing() != 1 {
		t.Errorf("missing is %d", c.missing())
	}
	if got, _ := compileAll(&f, now); !slices.Equal(got, []string{"a/3"}) || f.size != 2*charge("1") {
		t.Errorf("compiled are %v, and %d bytes are kept", got, f.size)
	}
	f.claim(naming("a", "one"))
	if f.size != 0 || len(f.claims) != 0 {
		t.Errorf("%d bytes are kept of an object without formulas", f.size)
	}
}
