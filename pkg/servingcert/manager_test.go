package servingcert

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
)

func TestEnsureFillsSecretAndPublishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		m := c.manager(func(m *Manager) { m.issuer.caValidity, m.issuer.servingValidity = caValidity, servingValidity })
		if err := m.Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}

		secret := c.secret()
		if len(secret.Data) != 4 {
			t.Errorf("Secret with %d keys, want 4", len(secret.Data))
		}
		for _, name := range []string{v1beta1Name, v1beta2Name} {
			if !bytes.Equal(c.caBundle(name), secret.Data["ca.crt"]) {
				t.Errorf("caBundle of %s differs from ca.crt", name)
			}
			if got := m.cfg.Registration.States()[name]; got != APIServiceOwn {
				t.Errorf("state of %s is %s, want Current", name, got)
			}
		}
		leaf := servedLeaf(t, m)
		for _, name := range []string{testHost, testHost + ".cluster.local", testService + "." + testNamespace, testService} {
			if err := leaf.VerifyHostname(name); err != nil {
				t.Error(err)
			}
		}
		if want := time.Now().Add(365 * 24 * time.Hour); !leaf.NotAfter.Equal(want) {
			t.Errorf("certificate ends %v, want %v", leaf.NotAfter, want)
		}
		ca := decodeBundle(secret.Data["ca.crt"])[0]
		if want := time.Now().Add(10 * 365 * 24 * time.Hour); !ca.NotAfter.Equal(want) {
			t.Errorf("authority ends %v, want %v", ca.NotAfter, want)
		}
		if leaf.PublicKeyAlgorithm != x509.ECDSA {
			t.Errorf("key is %v, want ECDSA", leaf.PublicKeyAlgorithm)
		}
	})
}

func TestSecondReplicaReusesSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		first, second := c.manager(), c.manager()
		c.mustPass(first)
		before := c.secret()
		c.mustPass(second)
		if !servedLeaf(t, first).Equal(servedLeaf(t, second)) {
			t.Error("replicas serve different certificates")
		}
		if c.secret().ResourceVersion != before.ResourceVersion {
			t.Error("the second replica wrote the Secret")
		}
	})
}

func TestWriteRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		elsewhere := newCluster(t, ownAPIServices()...)
		winner, loser := elsewhere.manager(), c.manager()
		elsewhere.mustPass(winner)
		raced := false
		c.client.PrependReactor("update", "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
			if raced {
				return false, nil, nil
			}
			raced = true
			// The winner comes between the loser's read and its write.
			return false, nil, c.client.Tracker().Update(action.GetResource(), elsewhere.secret(), testNamespace)
		})
		c.mustPass(loser)
		if !servedLeaf(t, winner).Equal(servedLeaf(t, loser)) {
			t.Error("the loser did not take over the winner's certificate")
		}
	})
}

func TestManyReplicasAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		managers := make([]*Manager, 5)
		var running sync.WaitGroup
		for i := range managers {
			managers[i] = c.manager()
			running.Go(func() {
				if err := managers[i].Ensure(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		for _, m := range managers {
			if !servedLeaf(t, m).Equal(servedLeaf(t, managers[0])) {
				t.Error("replicas serve different certificates")
			}
		}
	})
}

func TestSecretIsMended(t *testing.T) {
	drop := func(key string) func(map[string][]byte) {
		return func(data map[string][]byte) { data[key] = nil }
	}
	garble := func(key string) func(map[string][]byte) {
		return func(data map[string][]byte) {
			data[key] = []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
		}
	}
	tests := map[string]func(map[string][]byte){
		"tls.crt empty":   drop("tls.crt"),
		"tls.key empty":   drop("tls.key"),
		"ca.crt empty":    drop("ca.crt"),
		"ca.key empty":    drop("ca.key"),
		"tls.crt garbled": garble("tls.crt"),
		"tls.key garbled": garble("tls.key"),
		"ca.crt garbled":  garble("ca.crt"),
		"ca.key garbled":  garble("ca.key"),
		"all empty":       func(data map[string][]byte) { clear(data) },
		"keys swapped": func(data map[string][]byte) {
			data["tls.key"], data["ca.key"] = data["ca.key"], data["tls.key"]
		},
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { mend(t, damage) })
		})
	}
}

// mend damages a Secret under a replica that remembers it, and under one that does not.
func mend(t *testing.T, damage func(map[string][]byte)) {
	t.Helper()
	c := newCluster(t, ownAPIServices()...)
	m := c.manager()
	c.mustPass(m)
	good := c.secret().Data
	damaged := maps.Clone(good)
	damage(damaged)
	damaged["note"] = []byte("of another hand")
	c.putSecret(damaged)

	c.mustPass(m)
	for key, want := range good {
		if !bytes.Equal(c.secret().Data[key], want) {
			t.Errorf("%s was not restored from memory", key)
		}
	}
	if c.secret().Data["note"] == nil {
		t.Error("a key of another hand was dropped")
	}

	c.putSecret(damaged)
	fresh := c.manager()
	c.mustPass(fresh)
	if err := handshakeWith(c, fresh); err != nil {
		t.Errorf("a replica without memory did not recover: %v", err)
	}
}

func TestSecretDeletedWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		m := c.manager()
		if err := m.Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer start(t, m)()
		elapse(time.Minute)
		good := c.secret().Data

		c.deleteSecret()
		elapse(time.Minute)
		if err := handshakeWith(c, m); err != nil {
			t.Errorf("without its Secret the replica does not serve what it holds: %v", err)
		}
		if err := m.reconcile(t.Context()); !apierrors.IsNotFound(err) || !strings.Contains(err.Error(), "apply the adapter's manifests again") {
			t.Errorf("error %v, want one that says how to get the Secret back", err)
		}
		c.createSecret()
		elapse(time.Minute) // the longest backoff, and its jitter
		if !maps.EqualFunc(c.secret().Data, good, bytes.Equal) {
			t.Error("the Secret was not written back as it was")
		}
	})
}

func TestReplacedSecretIsAdoptedAfterPublication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		m := c.manager()
		c.mustPass(m)
		old := servedLeaf(t, m)
		c.putSecret(nil)
		other := c.manager(func(m *Manager) { m.cfg.Registration = c.registration() })
		c.mustPass(other)

		c.mustPass(m)
		if got := authorities(c.caBundle(v1beta1Name)); got != 2 {
			t.Fatalf("%d authorities are published, want the old and the new", got)
		}
		if !servedLeaf(t, m).Equal(old) {
			t.Error("the new certificate is served before its authority was published long enough")
		}
		if err := errors.Join(handshakeWith(c, m), handshakeWith(c, other)); err != nil {
			t.Error(err)
		}
		elapse(settleTime)
		c.mustPass(m)
		if !servedLeaf(t, m).Equal(servedLeaf(t, other)) {
			t.Error("the new certificate is not served")
		}
	})
}

func TestOtherNamesAreReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		c.mustPass(c.manager(func(m *Manager) { m.issuer.dnsNames = dnsNames("renamed", testNamespace) }))
		m := c.manager()
		c.mustPass(m)
		if err := handshakeWith(c, m); err != nil {
			t.Error(err)
		}
	})
}

func TestEnsureRetriesUntilContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		refusal := apierrors.NewForbidden(corev1.Resource("secrets"), testSecret, errors.New("no role"))
		refused := 0
		c.client.PrependReactor("update", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			refused++
			return true, nil, refusal
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		err := c.manager().Ensure(ctx)
		if !apierrors.IsForbidden(err) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the refusal and the deadline", err)
		}
		if refused < 15 || refused > 60 {
			t.Errorf("%d tries in ten minutes, want backoff up to 30 s", refused)
		}
	})
}

// TestPermissions compares the calls with the verbs that doc.go names.
func TestPermissions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		m := c.manager(brief)
		stop := start(t, m)
		elapse(3 * time.Hour)
		stop()
		if got := verbs(c.client.Actions()); !slices.Equal(got, []string{"get", "update"}) {
			t.Errorf("verbs on Secrets: %v", got)
		}
		if got := verbs(c.dynamic.Actions()); !slices.Equal(got, []string{"get", "patch"}) {
			t.Errorf("verbs on APIServices: %v", got)
		}
		for _, action := range c.client.Actions() {
			if action.GetResource().Resource != "secrets" || action.GetNamespace() != testNamespace {
				t.Errorf("touched %s in %q", action.GetResource().Resource, action.GetNamespace())
			}
		}
	})
}

func TestNothingIsServedBeforeEnsure(t *testing.T) {
	m := newCluster(t).manager()
	certPEM, keyPEM := m.CurrentCertKeyContent()
	if certPEM != nil || keyPEM != nil || len(m.cfg.Registration.States()) != 0 {
		t.Error("something is served or seen before the first pass")
	}
}
