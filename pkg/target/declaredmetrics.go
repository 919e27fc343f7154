package target

import (
	"fmt"
	"slices"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/expression"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
)

// Declared is a metric that an object declares, either a Probe or an Expression.
type Declared struct {
	// Name is the name under which it is served.
	Name string
	// Index is its index in spec.metrics.
	Index int
	// Probe reads it, and Place is the index of its Result in a sample.
	Probe *probe.Probe
	Place int
	// Formula is the text of an expression, empty for a Probe, and Expression is its
	// compiled form, nil until it has been compiled.
	Formula    string
	Expression *expression.Expression
	// Over combines the samples of a window into one value. If empty, the newest sample
	// counts.
	Over v1alpha1.OverFunction
}

// ErrNotCompiled means that the formula of an expression waits to be compiled.
var ErrNotCompiled = fmt.Errorf("its expression is not compiled yet: namespaces take turns, and %d KiB of expressions are kept of one, %d KiB of all, each counted with %d bytes: write fewer or shorter ones if this stays",
	formulasPerNamespace>>10, formulasInAll>>10, formulaCharge)

// Computed reports whether the metric is an expression.
func (d Declared) Computed() bool { return d.Formula != "" || d.Expression != nil }

// Pending reports whether the metric is an expression that waits to be compiled.
func (d Declared) Pending() bool { return d.Formula != "" && d.Expression == nil }

// Problem describes an invalid declared metric or fallback.
type Problem struct {
	// Name is the name under which the metric would be served, empty for a fallback.
	Name string
	// Sentence says what to write, and where.
	Sentence string
}

// Refused returns why no metric with a name is served for the object, empty if one may
// be. A name that both the object and the catalog use is refused, because an HPA that
// uses it was written for one of the two.
func (t *Target) Refused(name string) string {
	for _, p := range t.Problems {
		if p.Name == name {
			return p.Sentence
		}
	}
	return ""
}

// Declares reports whether the object declares anything, valid or not.
func (t *Target) Declares() bool {
	return len(t.Declared)+len(t.Problems) > 0
}

// Lookup returns the declared metric with a name.
func (t *Target) Lookup(name string) (Declared, bool) {
	for _, d := range t.Declared {
		if d.Name == name {
			return d, true
		}
	}
	return Declared{}, false
}

// declare reads spec.metrics. The expressions among them are compiled later, and set by
// express. An invalid metric does not affect others.
func (t *Target) declare(metrics []v1alpha1.Metric, reserved func(name string) bool) {
	var probes []*probe.Probe
	for n := range metrics {
		m := &metrics[n]
		declared := Declared{Name: m.Name, Index: n}
		if reserved(m.Name) {
			t.problem(declared, ".name", "every Redis object has a metric %s: write another name", m.Name)
			continue
		}
		if m.Expression != "" {
			declared.Formula = m.Expression
		} else if declared.Probe = probeOf(m); declared.Probe == nil {
			t.problem(declared, "", "%s must have exactly one source that this adapter knows: is the CustomResourceDefinition the one of this version?", m.Name)
			continue
		} else {
			declared.Place = len(probes)
			probes = append(probes, declared.Probe)
		}
		if m.Over != nil && m.Over.Function != v1alpha1.OverLast {
			declared.Over = m.Over.Function
		}
		t.Declared = append(t.Declared, declared)
	}
	if len(probes) > 0 {
		t.Probes = probe.Compile(probes)
	}
}

// formulas returns the texts of the expressions, each once.
func (t *Target) formulas() []string {
	var all []string
	for _, d := range t.Declared {
		if d.Computed() && !slices.Contains(all, d.Formula) {
			all = append(all, d.Formula)
		}
	}
	return all
}

// express sets the compiled formulas of a target that nobody else knows yet. It does
// not change what the target shares with another one.
func (t *Target) express(with *claim, reserved func(name string) bool) {
	declared := t.Declared
	t.Declared, t.Problems = nil, slices.Clone(t.Problems)
	for _, d := range declared {
		if d.Computed() {
			f := with.found[slices.Index(with.sources, d.Formula)]
			if f.err != nil {
				t.problem(d, ".expression", "%v", f.err)
				continue
			}
			d.Expression = f.compiled
		}
		t.Declared = append(t.Declared, d)
	}
	t.checkNames(reserved)
}

func (t *Target) problem(with Declared, field, format string, args ...any) {
	sentence := fmt.Sprintf("spec.metrics[%d]%s: ", with.Index, field) + fmt.Sprintf(format, args...)
	t.Problems = append(t.Problems, Problem{Name: with.Name, Sentence: sentence})
}

// checkNames drops expressions that name metrics that they may not use.
func (t *Target) checkNames(reserved func(name string) bool) {
	t.Declared = slices.DeleteFunc(slices.Clone(t.Declared), func(d Declared) bool {
		if d.Expression == nil {
			return false
		}
		for _, name := range d.Expression.Names() {
			of, ok := t.Lookup(name)
			switch {
			case t.Refused(name) != "":
				t.problem(d, ".expression", "metric %s is wrong itself", name)
				return true
			case reserved(name):
			case ok && of.Computed():
				t.problem(d, ".expression", "%s is an expression itself: write what it stands for", name)
				return true
			case !ok:
				t.problem(d, ".expression", "the object has no metric %s", name)
				return true
			}
		}
		return false
	})
}

// probeOf returns nil for a metric that the schema should have refused.
func probeOf(m *v1alpha1.Metric) *probe.Probe {
	var found []*probe.Probe
	for _, one := range []struct {
		source *v1alpha1.KeySource
		probe  func(key string) *probe.Probe
	}{
		{m.List, probe.List}, {m.Set, probe.Set}, {m.Hash, probe.Hash}, {m.HyperLogLog, probe.HyperLogLog},
		{m.String, probe.String}, {m.Counter, probe.CounterKey},
	} {
		if one.source != nil {
			found = append(found, one.probe(one.source.Key))
		}
	}
	if m.SortedSet != nil {
		found = append(found, probe.SortedSet(m.SortedSet.Key, m.SortedSet.MinScore, m.SortedSet.MaxScore))
	}
	if m.Stream != nil {
		found = append(found, streamProbe(m.Stream))
	}
	if m.Info != nil {
		kind := probe.Gauge
		if m.Info.Type == v1alpha1.InfoRate {
			kind = probe.Counter
		}
		found = append(found, probe.Info(m.Info.Field, kind, probe.Aggregation(m.Info.Fold)))
	}
	if m.Keys != nil {
		found = append(found, keysProbe(m.Keys))
	}
	if m.PubSub != nil {
		found = append(found, probe.PubSub(m.PubSub.Channel))
	}
	if m.Script != nil {
		found = append(found, scriptProbe(m.Script))
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

func streamProbe(s *v1alpha1.StreamSource) *probe.Probe {
	missing := probe.Missing(s.WhenGroupMissing)
	switch s.Measure {
	case v1alpha1.StreamLength:
		return probe.StreamLength(s.Key)
	case v1alpha1.StreamPending:
		return probe.StreamPending(s.Key, s.Group, missing)
	case v1alpha1.StreamLag:
		return probe.StreamLag(s.Key, s.Group, missing)
	case v1alpha1.StreamOldestPendingSeconds:
		return probe.StreamOldestPending(s.Key, s.Group, missing)
	case v1alpha1.StreamOldestEntrySeconds:
		return probe.StreamOldestEntry(s.Key)
	case v1alpha1.StreamEntriesAddedPerSecond:
		return probe.StreamEntriesAdded(s.Key)
	}
	return nil
}

func keysProbe(k *v1alpha1.KeysSource) *probe.Probe {
	measures := map[v1alpha1.KeysMeasure]func(glob, kind string, limit int) *probe.Probe{
		v1alpha1.KeysCount: probe.KeysCount, v1alpha1.KeysLength: probe.KeysLength, v1alpha1.KeysValue: probe.KeysValue,
	}
	if measure, known := measures[k.Measure]; known {
		return measure(k.Pattern, string(k.Type), int(k.Limit))
	}
	return nil
}

func scriptProbe(s *v1alpha1.ScriptSource) *probe.Probe {
	if s.Function != "" {
		return probe.Function(s.Function, s.Keys, s.Args)
	}
	return probe.Script(s.Source, s.Keys, s.Args)
}
