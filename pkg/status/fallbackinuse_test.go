package status

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func lastValue(lasting time.Duration) *target.Fallback {
	return &target.Fallback{Type: v1alpha1.FallbackLastValue, For: lasting}
}

func stated(value string) *target.Fallback {
	return &target.Fallback{Type: v1alpha1.FallbackValue, Value: resource.MustParse(value)}
}

// falling is an object with a fallback for all metrics.
func (w *fixture) falling(f *target.Fallback) *target.Target {
	t := w.add("r", "1")
	t.Fallback = f
	w.set(t)
	return t
}

// inUse asserts what condition FallbackInUse says, and which Events about it came.
func (w *fixture) inUse(what string, r *target.Target, status, reason, words, events string) {
	w.t.Helper()
	got := condition(w.status(r), v1alpha1.ConditionFallbackInUse)
	if string(got.Status) != status || got.Reason != reason || !strings.Contains(got.Message, words) {
		w.t.Errorf("%s: %+v, want %s, %s and %q", what, got, status, reason, words)
	}
	var about []string
	for one := range strings.SplitSeq(w.takenEvents(), ", ") {
		if strings.Contains(one, "Fallback") {
			about = append(about, one)
		}
	}
	if got := strings.Join(about, ", "); got != events {
		w.t.Errorf("%s: Events %q, want %q", what, got, events)
	}
}

// outage is two samples, and Redis away from 5 s after the second on.
func (w *fixture) outage(r *target.Target) {
	s := newServer()
	w.answer(r, s)
	pass(5 * time.Second)
	w.answer(r, s)
	pass(5 * time.Second)
	w.fail(r, refused())
}

func TestLastValueShowsAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.falling(lastValue(time.Minute))
		defer w.lead()()
		synctest.Wait()
		w.inUse("new", r, "False", "NotNeeded", "No fallback", "")
		w.outage(r)
		sampled := time.Now().Add(-5 * time.Second)
		pass(9900 * time.Millisecond)
		w.inUse("before maxAge", r, "False", "NotNeeded", "", "")
		pass(200 * time.Millisecond)
		w.inUse("past maxAge, though no attempt ended", r, "True", "LastValue",
			"requests-per-second is unknown: its last value, from "+instant(sampled)+", is served until "+instant(sampled.Add(time.Minute)), "Warning FallbackInUse")
		if got := w.says(r); got != down {
			t.Errorf("Ready does not stay honest: %s", got)
		}
		w.taken()
		pass(44900 * time.Millisecond)
		w.inUse("until for", r, "True", "LastValue", "", "")
		if n := len(w.taken()); n != 0 {
			t.Errorf("%d writes while nothing changed", n)
		}
		pass(time.Second)
		w.inUse("past for", r, "False", "Expired", "requests-per-second is unknown: its last value was served until "+instant(sampled.Add(time.Minute)), "Warning FallbackExpired")
		w.answer(r, newServer())
		pass(5 * time.Second)
		w.answer(r, newServer())
		pass(time.Second)
		w.inUse("back", r, "False", "NotNeeded", "No fallback", "")
	})
}

func TestFallbackEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.falling(stated("800"))
		r.Fallbacks = map[string]*target.Fallback{"connected-clients": lastValue(time.Hour), "keys": nil}
		w.answers.Remove(r)
		w.answers.Set(r)
		defer w.lead()()
		w.outage(r)
		pass(20 * time.Second)
		w.inUse("down", r, "True", "LastValueAndValue", "requests-per-second is unknown: the value 800 from spec.fallback is served; it was last known at ", "Warning FallbackInUse")
		w.answer(r, newServer())
		pass(5 * time.Second)
		w.inUse("one sample", r, "True", "Value", "", "")
		w.answer(r, newServer())
		pass(time.Second)
		w.inUse("back", r, "False", "NotNeeded", "", "Normal FallbackEnded")
	})
}

func TestFallbackOfAnObjectThatWasNeverSampled(t *testing.T) {
	for name, test := range map[string]struct {
		fallback              *target.Fallback
		status, reason, words string
		events                string
	}{
		"Value":     {stated("800"), "True", "Value", "the value 800 from spec.fallback is served; it has not been known since", "Warning FallbackInUse"},
		"LastValue": {lastValue(time.Minute), "False", "NoLastValue", "requests-per-second is unknown and has no last value", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newFixture(t)
				r := w.falling(test.fallback)
				defer w.lead()()
				pass(2 * time.Second)
				w.inUse("before an attempt ended", r, "False", "NotNeeded", "", "")
				w.fail(r, refused())
				pass(time.Second)
				w.inUse("after one failed", r, test.status, test.reason, test.words, test.events)
			})
		})
	}
}

func TestRestartOfTheAdapterIsNoFallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.falling(stated("800"))
		defer w.lead()()
		pass(4 * time.Second)
		w.answer(r, newServer())
		pass(5 * time.Second)
		w.inUse("warming up", r, "False", "NotNeeded", "", "")
		w.answer(r, newServer())
		pass(11 * time.Second)
		w.inUse("known", r, "False", "NotNeeded", "", "")
	})
}

func TestNoConditionWithoutFallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		r.Fallbacks = map[string]*target.Fallback{"keys": nil}
		defer w.lead()()
		w.fail(r, refused())
		pass(time.Second)
		if got := condition(w.status(r), v1alpha1.ConditionFallbackInUse); got.Type != "" {
			t.Errorf("it has %+v", got)
		}
	})
}

func TestFallbackMessageIsBounded(t *testing.T) {
	uses := make([]target.FallbackUse, 300)
	for n := range uses {
		uses[n] = target.FallbackUse{Metric: strings.Repeat("m", 5000), Fallback: *stated("1"), Answers: true}
	}
	if v := fallbackInUse(uses); v.status != metav1.ConditionTrue || len(v.message) > 5000 {
		t.Errorf("the message has %d bytes", len(v.message))
	}
}
