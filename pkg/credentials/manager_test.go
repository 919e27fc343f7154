package credentials

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func TestTargetWithoutReferencesNeedsNoRead(t *testing.T) {
	keeping(t, func(t *testing.T, s *apiServer, k *Manager) {
		plain, system := withPassword("plain"), withPassword("system")
		plain.Auth, system.Auth = nil, nil
		system.TLS = &target.TLS{ServerName: "redis.example"}
		for _, one := range []*target.Target{plain, system} {
			k.Set(one)
			c := want(t, k, one, "")
			if again := want(t, k, one, ""); again != c {
				t.Errorf("%s has other credentials each time", one.Name)
			}
		}
		if c := want(t, k, plain, ""); c.TLS != nil || c.Username != "" {
			t.Error("a target without spec.auth and spec.tls has some")
		}
		if c := want(t, k, system, ""); c.TLS == nil || c.TLS.RootCAs != nil || c.TLS.InsecureSkipVerify || c.TLS.ServerName != "redis.example" {
			t.Error("spec.tls {} is not TLS with the authorities of the system")
		}
		if n, _, _ := s.counts(); n != 0 {
			t.Errorf("%d reads", n)
		}
	})
}

func TestOneReadServesAllTargets(t *testing.T) {
	keeping(t, func(t *testing.T, s *apiServer, k *Manager) {
		s.put(authPath, map[string]string{"password": "one", "other": "x"})
		var all []*target.Target
		for n := range 1000 {
			all = append(all, withPassword("r"+strconv.Itoa(n)))
			k.Set(all[n])
			k.Set(all[n]) // a change of the object that leaves its spec alone
		}
		for _, each := range all {
			want(t, k, each, "one")
		}
		if n := s.count(authPath); n != 1 {
			t.Errorf("%d reads for 1000 targets, want 1", n)
		}
		pass(10 * time.Minute)
		if n := s.count(authPath); n < 16 || n > 21 {
			t.Errorf("%d reads in 10 minutes, want one each 30 to 36 s", n)
		}
		for _, each := range all[1:] {
			k.Remove(each)
		}
		want(t, k, all[0], "one")
		k.Remove(all[0])
		k.Remove(all[0]) // harmless
		before := s.count(authPath)
		pass(10 * time.Minute)
		if n := s.count(authPath); n != before {
			t.Errorf("%d reads of what nobody names", n-before)
		}
		if len(k.documents)+len(k.entries) != 0 {
			t.Error("what nobody names is kept")
		}
	})
}

func TestRotation(t *testing.T) {
	keeping(t, func(t *testing.T, s *apiServer, k *Manager) {
		r := withPassword("r")
		s.put(authPath, map[string]string{"password": "one"})
		k.Set(r)
		first := want(t, k, r, "one")
		pass(5 * time.Minute)
		if want(t, k, r, "one") != first {
			t.Error("what did not change became other credentials")
		}
		s.put(authPath, map[string]string{"password": "two"})
		pass(36 * time.Second)
		want(t, k, r, "two")

		for _, password := range []string{"three", "four", "five"} {
			// Wherever in its period the Secret was read last: what does not work is read at once.
			reads := s.count(authPath)
			for s.count(authPath) == reads {
				pass(100 * time.Millisecond)
			}
			s.put(authPath, map[string]string{"password": password})
			k.ReportRejected(r, target.Servers)
			synctest.Wait()
			want(t, k, r, password)
		}
	})
}

func TestDoubtsAreBounded(t *testing.T) {
	keeping(t, func(t *testing.T, s *apiServer, k *Manager) {
		r := withPassword("r")
		s.put(authPath, map[string]string{"password": "wrong"})
		k.Set(r)
		want(t, k, r, "wrong")
		for range 600 {
			k.ReportRejected(r, target.Servers)
			pass(time.Second)
		}
		if n := s.count(authPath); n < 18 || n > 30 {
			t.Errorf("%d reads in 10 minutes of doubt, want about one each 30 s", n)
		}
		s.put(authPath, map[string]string{"password": "right"})
		k.ReportRejected(r, target.Servers)
		pass(36 * time.Second)
		want(t, k, r, "right")
		k.ReportRejected(&target.Target{UID: "nobody"}, target.Servers) // harmless
	})
}

func TestWhatIsMissingTakesThePlaceOfWhatWas(t *testing.T) {
	keeping(t, func(t *testing.T, s *apiServer, k *Manager) {
		r := withPassword("r")
		k.Set(r)
		for _, step := range []struct {
			change func()
			want   reason.Reason
			text   string
			advice string
		}{
			{func() {}, reason.SecretNotFound, "the Secret that spec.auth.passwordSecretRef names does not exist",
				"Create Secret my-redis-auth in namespace shop, with the key password, or write another name."},
			{func() { s.refuse(authPath, http.StatusForbidden) }, reason.SecretForbidden, "the adapter may not read the Secret that spec.auth.passwordSecretRef names",
				"Somebody who may read it can grant the adapter the same right: " +
					"kubectl create role adapter-secret-my-redis-auth -n shop --verb=get --resource=secrets --resource-name=my-redis-auth && " +
					"kubectl create rolebinding adapter-secret-my-redis-auth -n shop --role=adapter-secret-my-redis-auth --serviceaccount=monitoring:adapter"},
			{func() {
				s.refuse(authPath, 0)
				s.put(authPath, map[string]string{"pass": "one"})
			}, reason.SecretKeyNotFound, "the Secret that spec.auth.passwordSecretRef names lacks the key in spec.auth.passwordSecretRef.key",
				"Secret my-redis-auth must have the key password."},
			{func() { s.put(authPath, map[string]string{"password": "one"}) }, "", "", ""},
			{func() { s.refuse("", http.StatusInternalServerError) }, "", "", ""},
			{func() { s.refuse("", http.StatusTooManyRequests) }, "", "", ""},
			{func() { s.refuse("", 0); s.put(authPath, nil) }, reason.SecretNotFound, "the Secret that spec.auth.passwordSecretRef names does not exist",
				"Create Secret my-redis-auth in namespace shop, with the key password, or write another name."},
		} {
			step.change()
			pass(36 * time.Second)
			if step.want == "" {
				want(t, k, r, "one")
				continue
			}
			if text, advice := wantError(t, k, r, step.want); text != step.text || advice != step.advice {
				t.Errorf("%s says\n%s\n%s\nwant\n%s\n%s", step.want, text, advice, step.text, step.advice)
			}
		}
	})
}

func TestAPIServerThatDoesNotAnswer(t *testing.T) {
	keeping(t, func(t *testing.T, s *apiServer, k *Manager) {
		r, other := withPassword("r"), withPassword("other")
		other.Auth.Password.Name = "second"
		s.put(authPath, map[string]string{"password": "one"})
		s.delay(time.Minute)
		k.Set(r)
		k.Set(other)
		start := time.Now()
		wantError(t, k, r, reason.SecretUnavailable)
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("Get took %s, want no longer than its context lasts", waited)
		}
		if _, err := k.Get(context.Background(), withPassword("never set"), target.Servers); err == nil {
			t.Error("a target that was never set has credentials")
		}
		s.delay(0)
		pass(2 * time.Minute)
		want(t, k, r, "one")
		s.refuse("", http.StatusInternalServerError)
		k.Set(withPassword("third"))
		pass(time.Minute)
		want(t, k, r, "one")
	})
}

func TestAllThatIsForbiddenIsToldAtOnce(t *testing.T) {
	keeping(t, func(t *testing.T, s *apiServer, k *Manager) {
		s.refuse("", http.StatusForbidden)
		r := withPassword("r")
		r.TLS = &target.TLS{CA: caReference(target.ConfigMap), Certificate: certificateReference()}
		r.TLS.Certificate.Name = r.Auth.Password.Name // one Role for one Secret
		k.Set(r)
		_, advice := wantError(t, k, r, reason.SecretForbidden)
		if strings.Count(advice, "kubectl create role ") != 2 || strings.Count(advice, " && ") != 3 ||
			!strings.Contains(advice, "--resource=configmaps --resource-name=my-ca") {
			t.Errorf("the advice is %s", advice)
		}
	})
}

func TestReadsAreBounded(t *testing.T) {
	keeping(t, func(t *testing.T, s *apiServer, k *Manager) {
		s.refuse("", http.StatusForbidden)
		s.delay(10 * time.Millisecond)
		for n := range 2000 {
			r := withPassword("r" + strconv.Itoa(n))
			r.Auth.Password.Name = r.Name
			k.Set(r)
		}
		pass(10 * time.Second)
		read, _, most := s.counts()
		if read < 9*readsPerSecond || read > 11*readsPerSecond+inFlight || most > inFlight {
			t.Errorf("%d reads in 10 s, %d at a time; want %d in a second at most, %d at a time", read, most, readsPerSecond, inFlight)
		}
		pass(12 * time.Second)
		if _, objects, _ := s.counts(); objects != 2000 {
			t.Errorf("%d objects were read, want all", objects)
		}
	})
}

// TestDoubtsDuringASlowRead has several targets doubt a Secret that is gone, while
// the API server takes its time to say so. No doubt brings a read about at once.
func TestDoubtsDuringASlowRead(t *testing.T) {
	keeping(t, func(t *testing.T, s *apiServer, k *Manager) {
		r := withPassword("r")
		s.put(authPath, map[string]string{"password": "one"})
		k.Set(r)
		pass(10 * time.Second)
		s.put(authPath, nil)
		s.delay(700 * time.Millisecond)
		began, reads := time.Now(), s.count(authPath)
		var at []time.Duration
		for len(at) < 4 {
			k.ReportRejected(r, target.Servers)
			pass(100 * time.Millisecond)
			if s.count(authPath) > reads+len(at) {
				at = append(at, time.Since(began).Round(time.Second))
			}
		}
		// Each lasts for longer than the one before, from the begin of one read to that of the next.
		if want := []time.Duration{0, 3 * time.Second, 9 * time.Second, 21 * time.Second}; !slices.Equal(at, want) {
			t.Errorf("it is read after %v, want %v", at, want)
		}
	})
}
