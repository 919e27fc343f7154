package servingcert

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

// listen gives the TLS settings that the API server's own listener would use.
func listen(t *testing.T, m *Manager, stop <-chan struct{}) *tls.Config {
	t.Helper()
	controller := dynamiccertificates.NewDynamicServingCertificateController(&tls.Config{MinVersion: tls.VersionTLS12}, nil, m, nil, nil)
	m.AddListener(controller)
	if err := controller.RunOnce(); err != nil {
		t.Fatal(err)
	}
	go controller.Run(1, stop)
	return &tls.Config{GetConfigForClient: controller.GetConfigForClient, MinVersion: tls.VersionTLS12}
}

// serverOf presents what m serves now.
func serverOf(t *testing.T, m *Manager) *tls.Config {
	t.Helper()
	keyPair, err := tls.X509KeyPair(m.CurrentCertKeyContent())
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{keyPair}, MinVersion: tls.VersionTLS12}
}

// handshakeWith verifies what m serves now under the published bundle.
func handshakeWith(c *cluster, m *Manager) error {
	c.t.Helper()
	return handshake(serverOf(c.t, m), c.caBundle(v1beta1Name))
}

// TestNoHandshakeFailsDuringRotation runs two replicas through several certificates and authorities, starts another
// every ten minutes, and lets API servers follow the published bundle at once and four minutes late.
func TestNoHandshakeFailsDuringRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const step, lag, restart, span = 30 * time.Second, 8, 20, 8 * time.Hour
		c := newCluster(t, ownAPIServices()...)
		stopListeners := make(chan struct{})
		defer func() {
			close(stopListeners)
			elapse(time.Minute)
		}()
		replicas := []*Manager{c.manager(brief), c.manager(brief)}
		var servers []*tls.Config
		for _, m := range replicas {
			if err := m.Ensure(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer start(t, m)()
			servers = append(servers, listen(t, m, stopListeners))
		}

		var history [][]byte
		leaves, signers := map[string]bool{}, map[string]bool{}
		for i := range int(span / step) {
			history = append(history, c.caBundle(v1beta2Name))
			prompt, late := history[i], history[max(0, i-lag)]
			for _, server := range servers {
				requireHandshakes(t, server, prompt, late)
			}
			if i%restart == 0 {
				fresh := c.manager(brief)
				c.mustPass(fresh)
				requireHandshakes(t, serverOf(t, fresh), prompt, late)
			}
			if n := authorities(prompt); n > 2 {
				t.Fatalf("%d authorities are trusted, want at most the old and the new", n)
			}
			leaf := servedLeaf(t, replicas[0])
			leaves[leaf.SerialNumber.String()] = true
			signers[string(leaf.AuthorityKeyId)] = true
			elapse(step)
		}
		if len(leaves) < 10 || len(signers) < 4 {
			t.Errorf("%d certificates of %d authorities were served, want many", len(leaves), len(signers))
		}
	})
}

func requireHandshakes(t *testing.T, server *tls.Config, prompt, late []byte) {
	t.Helper()
	if err := handshake(server, prompt); err != nil {
		t.Fatalf("at %v, verified by the bundle of now: %v", time.Now(), err)
	}
	if bytes.Equal(prompt, late) {
		return
	}
	if err := handshake(server, late); err != nil {
		t.Fatalf("at %v, verified by the bundle of four minutes ago: %v", time.Now(), err)
	}
}

func TestServingCertificateIsRenewedBeforeExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		m := c.manager()
		c.mustPass(m)
		first := servedLeaf(t, m)
		due := renewAt(first)

		elapse(time.Until(due) - time.Second)
		c.mustPass(m)
		if !servedLeaf(t, m).Equal(first) {
			t.Error("renewed before two thirds of its life")
		}
		elapse(time.Second)
		c.mustPass(m)
		second := servedLeaf(t, m)
		if second.Equal(first) {
			t.Fatal("not renewed at two thirds of its life")
		}
		if string(second.AuthorityKeyId) != string(first.AuthorityKeyId) || authorities(c.caBundle(v1beta1Name)) != 1 {
			t.Error("the authority was replaced too")
		}
	})
}

func TestAuthorityIsPublishedBeforeItSigns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, ownAPIServices()...)
		m, other := c.manager(), c.manager()
		c.mustPass(m)
		oldCA := decodeBundle(c.caBundle(v1beta1Name))[0]
		for time.Until(renewAt(oldCA)) > 0 {
			elapse(min(time.Hour, time.Until(renewAt(oldCA))))
			c.mustPass(m)
			c.mustPass(other)
		}

		bundle := decodeBundle(c.caBundle(v1beta1Name))
		if len(bundle) != 2 || !bundle[1].Equal(oldCA) {
			t.Fatalf("%d authorities are published, want the new and then the old", len(bundle))
		}
		newCA := bundle[0]
		for range int(settleTime/recheckInterval) - 1 {
			elapse(recheckInterval)
			c.mustPass(m)
			requireIssuer(t, m, oldCA)
		}
		// Taking the bundle away starts the wait again.
		stripped := c.apiService(v1beta2Name)
		delete(stripped.Object["spec"].(map[string]any), "caBundle")
		if err := c.dynamic.Tracker().Update(apiServiceResource, stripped, ""); err != nil {
			t.Fatal(err)
		}
		elapse(recheckInterval)
		c.mustPass(m)
		requireIssuer(t, m, oldCA)
		elapse(settleTime)
		c.mustPass(m)
		requireIssuer(t, m, newCA)

		elapse(testServingValidity + time.Minute)
		c.mustPass(m)
		if bundle := decodeBundle(c.caBundle(v1beta1Name)); len(bundle) != 1 || !bundle[0].Equal(newCA) {
			t.Errorf("%d authorities are published, want the new one only", len(bundle))
		}
	})
}

func requireIssuer(t *testing.T, m *Manager, ca *x509.Certificate) {
	t.Helper()
	if err := servedLeaf(t, m).CheckSignatureFrom(ca); err != nil {
		t.Fatalf("at %v: %v", time.Now(), err)
	}
}
