package status

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func wrongPassword() error { return &reason.Error{Reason: reason.AuthenticationFailed} }

func forbidden() error {
	return reason.Explained(reason.SecretForbidden, "the adapter may not read the Secret that spec.auth.passwordSecretRef names",
		"Who may run kubectl create role, does so."+strings.Repeat(" Again.", 400))
}

// notRenewed is a successful attempt over a connection that newer credentials do not open.
func (w *fixture) notRenewed(t *target.Target, s *server, err error) {
	w.infos++
	w.store.Get(t.ID()).Record(history.NewSample(nil, history.Node{Address: t.Address, At: time.Now(), RoundTrip: time.Millisecond, Info: s.info(w.infos), NotRenewed: err}))
	w.sampled(t)
}

func TestCredentialsShowInStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, redis := newFixture(t), newServer()
		r := w.add("r", "1")
		r.Auth = &target.Auth{}
		stop := w.lead()
		defer stop()
		for _, step := range []struct {
			what   string
			happen func()
			says   string // Ready and Reachable
			valid  string
			words  string
			events string
		}{
			{"before an attempt", func() {}, notSampled, "Unknown NotSampled", "No attempt", ""},
			{"forbidden", func() { w.fail(r, forbidden()) }, "Ready=False/SecretForbidden Reachable=False/SecretForbidden", "False SecretForbidden",
				"the adapter may not read the Secret that spec.auth.passwordSecretRef names. Who may run kubectl create role, does so.", "Warning SecretForbidden"},
			{"wrong", func() { w.fail(r, wrongPassword()) }, "Ready=False/AuthenticationFailed Reachable=False/AuthenticationFailed", "False AuthenticationFailed", "Write spec.auth with", ""},
			{"right", func() { w.answer(r, redis) }, warmingUp, "True Accepted", "accepted", ""},
			{"right again", func() { w.answer(r, redis) }, ready, "True Accepted", "accepted", "Normal Sampled"},
			{"a wrong new one", func() { w.notRenewed(r, redis, wrongPassword()) }, ready, "False AuthenticationFailed",
				"The connection made with the previous credentials is used until the new ones work: the server refused the credentials", "Warning AuthenticationFailed"},
			{"still", func() { w.notRenewed(r, redis, wrongPassword()) }, ready, "False AuthenticationFailed", "", ""},
			{"a new one that could not be tried", func() { w.notRenewed(r, redis, &reason.Error{Reason: reason.TooManyClients}) }, ready, "Unknown TooManyClients", "is used until", ""},
			{"mended", func() { w.answer(r, redis) }, ready, "True Accepted", "", ""},
			{"down", func() { w.fail(r, refused()) }, "Ready=True/Sampled Reachable=False/ConnectionRefused", "Unknown ConnectionRefused", "see condition Reachable", "Warning ConnectionRefused"},
		} {
			step.happen()
			pass(2 * time.Second)
			got := condition(w.status(r), v1alpha1.ConditionCredentialsValid)
			if valid := string(got.Status) + " " + got.Reason; w.says(r) != step.says || valid != step.valid || !strings.Contains(got.Message, step.words) {
				t.Errorf("%s: %s, %s: %s; want %s, %s: %s", step.what, w.says(r), valid, got.Message, step.says, step.valid, step.words)
			}
			for _, elsewhere := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReachable} {
				message := condition(w.status(r), elsewhere).Message
				if len(message) > 250 || strings.Contains(message, "Who may run") || strings.Contains(message, "Write spec.auth") {
					t.Errorf("%s: %s repeats what to do: %s", step.what, elsewhere, message)
				}
			}
			if events := w.takenEvents(); events != step.events {
				t.Errorf("%s: Events %q, want %q", step.what, events, step.events)
			}
			pass(2 * time.Second)
		}
		if got := condition(w.status(r), v1alpha1.ConditionReady); strings.Contains(got.Message, "kubectl") {
			t.Errorf("advice stays though its cause has gone: %s", got.Message)
		}
	})
}

func TestObjectWithoutCredentialsHasNoSuchCondition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		defer w.lead()()
		w.fail(r, wrongPassword())
		pass(2 * time.Second)
		if got := condition(w.status(r), v1alpha1.ConditionCredentialsValid); got.Type != "" {
			t.Errorf("it has %+v", got)
		}
		if got := condition(w.status(r), v1alpha1.ConditionReady); !strings.Contains(got.Message, "Write spec.auth") {
			t.Errorf("Ready says %q, not what to write", got.Message)
		}
	})
}
