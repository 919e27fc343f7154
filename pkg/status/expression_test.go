package status

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/expression"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// An expression is compiled when it is declared, and can fail when it is computed.
func TestExpressionsThatFailShowInStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, redis := newFixture(t), newServer()
		r := w.add("r", "1")
		r.Declared = []target.Declared{
			{Name: "zero", Probe: probe.List("a")},
			{Name: "share", Index: 1, Expression: compiled(t, `metric("requests-per-second") / metric("zero")`)},
			{Name: "less", Index: 2, Expression: compiled(t, `metric("zero") - 1.0`)},
		}
		defer w.lead()()
		valid := func(what, status, reason string, words ...string) {
			t.Helper()
			got := condition(w.status(r), v1alpha1.ConditionMetricsValid)
			if string(got.Status) != status || got.Reason != reason {
				t.Errorf("%s: %+v, want %s, %s", what, got, status, reason)
			}
			for _, want := range words {
				if !strings.Contains(got.Message, want) {
					t.Errorf("%s: %q lacks %q", what, got.Message, want)
				}
			}
		}
		step := func(value float64) {
			redis.gets += 50
			w.probed(r, redis, probe.Result{Value: value})
			pass(5 * time.Second)
		}
		step(0)
		valid("one sample", "False", "NoValue", "spec.metrics[2] less has no value: the expression gives a negative number")
		step(0)
		valid("two samples", "False", "NoValue", "spec.metrics[1] share has no value: the expression cannot be computed from these values")
		step(5)
		valid("all fine", "True", "Probed")
		w.fail(r, refused())
		pass(time.Minute)
		valid("down: the newest sample is what it was", "True", "Probed")
		redis.runID = "b"
		step(5)
		valid("restarted", "Unknown", "WarmingUp", "spec.metrics[1] share has no value yet: it needs more samples")
		w.probed(r, redis, probe.Result{Err: errors.New("gone")})
		pass(5 * time.Second)
		valid("a metric that it names fails", "False", "NoValue", "spec.metrics[0] zero has no value: gone", "spec.metrics[1] share has no value: zero: gone")
	})
}

// A metric that is unknown for good makes those that name it so.
func TestExpressionOfWhatIsNeverKnownShowsInStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		r.Declared = []target.Declared{{Name: "full", Expression: compiled(t, `metric("memory-utilization") * 2.0`)}}
		defer w.lead()()
		w.answer(r, newServer())
		pass(time.Second)
		if got := condition(w.status(r), v1alpha1.ConditionMetricsValid); got.Reason != "NoValue" || !strings.Contains(got.Message, "spec.metrics[0] full has no value: memory-utilization: INFO field maxmemory") {
			t.Errorf("it says %+v", got)
		}
	})
}

// An expression that waits for the first samples of a new leader changes nothing.
func TestTakeoverKeepsWhatIsSaidOfExpressions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, redis := newFixture(t), newServer()
		r := w.add("r", "1")
		r.Declared = []target.Declared{{Name: "twice", Expression: compiled(t, `metric("requests-per-second") * 2.0`)}}
		stop := w.lead()
		sample := func(times int) {
			for range times {
				w.answer(r, redis)
				pass(5 * time.Second)
			}
		}
		sample(4)
		stop()
		if got := condition(w.status(r), v1alpha1.ConditionMetricsValid); got.Reason != "Probed" {
			t.Fatalf("it says %+v", got)
		}
		w.taken()
		now, _ := w.Get(r.NamespacedName)
		w.store.Close(now.ID())
		w.set(now)
		w.controller = w.newController()
		defer w.lead()()
		sample(4)
		for _, one := range w.taken() {
			if got := condition(one.status, v1alpha1.ConditionMetricsValid); got.Reason != "Probed" {
				t.Errorf("the new leader says %+v", got)
			}
		}
	})
}

// A formula that waits to be compiled is reported as such, whatever else waits.
func TestFormulaThatWaitsShowsInStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		r.Declared = []target.Declared{{Name: "twice", Formula: `metric("requests-per-second") * 2.0`}}
		defer w.lead()()
		pass(time.Second)
		got := condition(w.status(r), v1alpha1.ConditionMetricsValid)
		if got.Status != "Unknown" || got.Reason != "NotCompiled" || !strings.HasPrefix(got.Message, "spec.metrics[0] twice has no value: its expression is not compiled yet") {
			t.Errorf("MetricsValid is %+v", got)
		}
	})
}

func compiled(t *testing.T, source string) *expression.Expression {
	t.Helper()
	e, err := expression.Compile(source)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
