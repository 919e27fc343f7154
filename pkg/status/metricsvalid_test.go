package status

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// probed is a successful attempt at a target with declared metrics.
func (w *fixture) probed(t *target.Target, s *server, results ...probe.Result) {
	w.infos++
	w.store.Get(t.ID()).Record(history.NewSample(results, history.Node{Address: t.Address, At: time.Now(), RoundTrip: time.Millisecond, Info: s.info(w.infos)}))
	w.sampled(t)
}

func TestDeclaredMetricsShowInStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, redis := newFixture(t), newServer()
		r := w.add("r", "1")
		r.Declared = []target.Declared{{Name: "fine", Probe: probe.List("a")}, {Name: "bad", Index: 2, Place: 1, Probe: probe.List("b")}}
		fine, bad := probe.Result{Value: 1}, probe.Result{Err: errors.New(`key "b" is of another type: it must be a list`)}
		stop := w.lead()
		defer stop()
		says := func(what, status, reason, words, events string) {
			t.Helper()
			got := condition(w.status(r), v1alpha1.ConditionMetricsValid)
			if string(got.Status) != status || got.Reason != reason || !strings.Contains(got.Message, words) {
				t.Errorf("%s: %+v, want %s, %s and %q", what, got, status, reason, words)
			}
			if got := w.takenEvents(); !strings.Contains(got, events) || events == "" && strings.Contains(got, "Metric") {
				t.Errorf("%s: Events %q, want %q", what, got, events)
			}
		}
		pass(time.Second)
		says("before a sample", "Unknown", "NotSampled", "No attempt", "")
		w.probed(r, redis, fine, bad)
		pass(2 * time.Second)
		says("one bad", "False", "NoValue", `spec.metrics[2] bad has no value: key "b" is of another type`, "Warning NoValue")
		w.probed(r, redis, fine, fine)
		pass(2 * time.Second)
		says("all fine", "True", "Probed", "Each metric", "")
		w.probed(r, redis, fine, probe.Result{Err: probe.ErrNoScan})
		pass(2 * time.Second)
		says("one that takes several samples", "Unknown", "NotSampled", "spec.metrics[2] bad has no value: no scan of the keys is complete yet", "")
		w.probed(r, redis, fine, probe.Result{Err: redisinfo.ErrCatchingUp})
		pass(2 * time.Second)
		says("one of a replica that catches up", "Unknown", "NotSampled", "spec.metrics[2] bad has no value: the replica may still be catching up with its primary", "")
		changed := *r
		changed.Generation, changed.Problems = 2, []target.Problem{{Name: "keys", Sentence: "spec.metrics[1].name: every Redis object has a metric keys: write another name"}}
		w.set(&changed)
		r = &changed
		w.probed(r, redis, fine, bad)
		pass(2 * time.Second)
		says("a wrong one", "False", "InvalidMetric", "spec.metrics[1].name: every Redis object has a metric keys: write another name; spec.metrics[2] bad", "Warning InvalidMetric")
	})
}

func TestObjectThatDeclaresNothingHasNoSuchCondition(t *testing.T) {
	w := newFixture(t)
	if got := condition(w.computed(w.add("r", "1")), v1alpha1.ConditionMetricsValid); got.Type != "" {
		t.Errorf("it has %+v", got)
	}
}

func TestMessageAboutDeclaredMetricsIsBounded(t *testing.T) {
	var many []string
	for range 50 {
		many = append(many, strings.Repeat("k", 3000))
	}
	if got := sentences(many); len(got) > maxMessage || !strings.HasSuffix(got, "...; and 48 more.") {
		t.Errorf("the message has %d bytes and ends in %q", len(got), got[len(got)-20:])
	}
}
