package status

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// step is an attempt, and the time until the next.
type step struct {
	server *server
	err    error
	then   time.Duration
}

func TestConditions(t *testing.T) {
	ok, restarted, anonymous := newServer(), newServer(), newServer()
	restarted.runID, anonymous.runID = "b", ""
	timeout := &reason.Error{Reason: reason.Timeout}
	for name, test := range map[string]struct {
		steps []step
		want  string
	}{
		"nothing known":                {nil, notSampled},
		"one sample":                   {[]step{{server: ok}}, warmingUp},
		"two samples":                  {[]step{{server: ok, then: 5 * time.Second}, {server: ok}}, ready},
		"first attempt failed":         {[]step{{err: refused()}}, down},
		"one sample, then a failure":   {[]step{{server: ok, then: 5 * time.Second}, {err: refused()}}, "Ready=Unknown/WarmingUp Reachable=False/ConnectionRefused"},
		"failure, within maxAge":       {[]step{{server: ok, then: 5 * time.Second}, {server: ok, then: 5 * time.Second}, {err: timeout}}, "Ready=True/Sampled Reachable=False/Timeout"},
		"at maxAge":                    {[]step{{server: ok, then: 5 * time.Second}, {server: ok, then: 15 * time.Second}}, ready},
		"past maxAge":                  {[]step{{server: ok, then: 5 * time.Second}, {server: ok, then: 15*time.Second + 1}}, "Ready=False/Stale Reachable=True/Answered"},
		"failure, past maxAge":         {[]step{{server: ok, then: 5 * time.Second}, {server: ok, then: 16 * time.Second}, {err: timeout}}, "Ready=False/Timeout Reachable=False/Timeout"},
		"restart of Redis":             {[]step{{server: ok, then: 5 * time.Second}, {server: ok, then: 5 * time.Second}, {server: restarted}}, warmingUp},
		"no run_id":                    {[]step{{server: anonymous, then: 5 * time.Second}, {server: anonymous}}, "Ready=False/Anonymous Reachable=True/Answered"},
		"samples too far apart":        {[]step{{server: ok, then: 30 * time.Second}, {server: ok}}, warmingUp},
		"a failure of an unknown kind": {[]step{{err: errors.New("dial tcp 10.0.0.1:6379: no")}}, "Ready=False/SamplingFailed Reachable=False/SamplingFailed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newFixture(t)
				target := w.add("r", "1")
				for _, s := range test.steps {
					if s.server != nil {
						w.answer(target, s.server)
					} else {
						w.fail(target, s.err)
					}
					<-time.After(s.then)
				}
				found := w.computed(target)
				if got := brief(found); got != test.want {
					t.Errorf("status says %q, want %q", got, test.want)
				}
				checkConditions(t, found)
			})
		})
	}
}

func TestServerThatRefusesInfoSaysSo(t *testing.T) {
	w := newFixture(t)
	r := w.add("r", "1")
	w.store.Get(r.ID()).Record(history.NewSample(nil, history.Node{At: time.Now(), Err: &reason.Error{Reason: reason.InfoRefused}}))
	found := w.computed(r)
	if got := brief(found); got != "Ready=False/InfoRefused Reachable=True/Answered" {
		t.Errorf("status says %q", got)
	}
	want := "Only metrics in spec.metrics that do not need INFO are served: the server does not let this adapter call INFO. Allow the user +info."
	if got := condition(found, v1alpha1.ConditionReady).Message; got != want {
		t.Errorf("Ready says %q", got)
	}
}

// checkConditions asserts what the API server asks of conditions, and that nothing leaks into them.
func checkConditions(t *testing.T, s *v1alpha1.RedisStatus) {
	t.Helper()
	for _, c := range s.Conditions {
		if c.ObservedGeneration != 1 || c.LastTransitionTime.IsZero() || c.Message == "" || len(validation.IsQualifiedName(c.Reason)) != 0 {
			t.Errorf("condition is %+v", c)
		}
		for _, secret := range []string{"example", "10.0.0.1", "secret"} {
			if strings.Contains(c.Message, secret) {
				t.Errorf("%s's message holds %q: %s", c.Type, secret, c.Message)
			}
		}
	}
}

func TestTransitionTimeIsThatOfTheChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		w.err = errors.New("the API server is away")
		r := w.add("r", "1")
		defer w.lead()()
		w.fail(r, refused())
		want := metav1.Now().Rfc3339Copy()
		pass(lastRetry)
		w.setErr(nil)
		pass(lastRetry)
		if got := condition(w.status(r), v1alpha1.ConditionReady).LastTransitionTime; !got.Equal(&want) {
			t.Errorf("a write that waited says %s, want %s", got, want)
		}
	})
}
