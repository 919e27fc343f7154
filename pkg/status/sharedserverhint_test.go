package status

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// declares makes an object of a namespace that reads a list.
func (w *fixture) declares(namespace, name string) *target.Target {
	t := w.add(name, types.UID(name))
	w.remove(t)
	t.Namespace = namespace
	t.Declared = []target.Declared{{Name: "length", Probe: probe.List("a")}}
	w.set(t)
	return t
}

func TestAnObjectOnTheSameServerIsHintedAt(t *testing.T) {
	for name, test := range map[string]struct {
		others func(w *fixture) []*target.Target
		runID  string // of their server
		hint   string
	}{
		"none":                      {func(*fixture) []*target.Target { return nil }, "a", ""},
		"one that declares nothing": {func(w *fixture) []*target.Target { return []*target.Target{w.add("other", "2")} }, "a", ""},
		"one on another server":     {func(w *fixture) []*target.Target { return []*target.Target{w.declares("default", "other")} }, "b", ""},
		"one of the namespace":      {func(w *fixture) []*target.Target { return []*target.Target{w.declares("default", "other")} }, "a", "Redis object other samples the same server"},
		"one of another namespace":  {func(w *fixture) []*target.Target { return []*target.Target{w.declares("shop", "other")} }, "a", "A Redis object of another namespace samples the same server"},
		"several, the first by name": {func(w *fixture) []*target.Target {
			return []*target.Target{w.declares("shop", "a"), w.declares("default", "c"), w.declares("default", "b")}
		}, "a", "Redis object b samples"},
		"one that reads INFO alone": {func(w *fixture) []*target.Target {
			other := w.declares("default", "other")
			other.Declared[0].Probe = probe.Info("sync_full", probe.Gauge, probe.Sum)
			return []*target.Target{other}
		}, "a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newFixture(t)
				r := w.add("r", "1")
				others := test.others(w)
				defer w.lead()()
				here, there := newServer(), newServer()
				there.runID = test.runID
				sample := func(attempts int) {
					for range attempts {
						for _, other := range others {
							w.end(other, attempt{server: there})
						}
						w.answer(r, here)
						pass(5 * time.Second)
					}
				}
				sample(20)
				got := condition(w.status(r), v1alpha1.ConditionReady)
				if got.Status != "True" || !strings.Contains(got.Message, test.hint) || (test.hint == "") != (got.Message == "Metrics are served.") {
					t.Errorf("Ready is %s: %q, want a hint %q", got.Status, got.Message, test.hint)
				}
				if strings.Contains(got.Message, "shop") {
					t.Errorf("%q names another namespace", got.Message)
				}
				for _, other := range others {
					if own := condition(w.status(other), v1alpha1.ConditionReady).Message; len(others) == 1 && own != "Metrics are served." {
						t.Errorf("the object that declares says %q", own)
					}
					w.remove(other)
					w.controller.Enqueue(other)
				}
				others = nil
				sample(20)
				if got := condition(w.status(r), v1alpha1.ConditionReady).Message; got != "Metrics are served." {
					t.Errorf("after the others are gone Ready says %q", got)
				}
			})
		})
	}
}

// A new leader must not take a hint back and give it again.
func TestAHintOutlastsItsLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r, other := w.add("r", "1"), w.declares("default", "other")
		sample := func() {
			for range 20 {
				w.end(other, attempt{server: newServer()})
				w.answer(r, newServer())
				pass(5 * time.Second)
			}
		}
		stop := w.lead()
		sample()
		stop()
		w.taken()
		w.controller = w.newController()
		defer w.lead()()
		for _, one := range w.taken() {
			t.Errorf("the new leader writes %s: %+v", one.name, one.status.Conditions)
		}
	})
}
