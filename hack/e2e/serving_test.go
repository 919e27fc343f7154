package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const servingSecret = cluster.AdapterName + "-tls"

// TestServingCertificateUnderLoad lets the serving certificate come near its end, and deletes the Secret that holds it
// and makes it again, while requests come in.
func TestServingCertificateUnderLoad(t *testing.T) {
	t.Parallel()
	h := ownHarness(t)
	s, _ := newSampled(t, h)
	t.Run("near its end", func(t *testing.T) {
		ends := s.shortenServing(t, 45*time.Second)
		eventually(t, 20*time.Second, func(context.Context) error { return s.servesUntil(t, ends) })
		renewed := time.Duration(0)
		s.answersThroughout(t, time.Until(ends)+10*time.Second, func(context.Context) {
			if left := time.Until(ends); renewed == 0 && left > 0 && s.servesUntil(t, ends) != nil {
				renewed = left
			}
		})
		if renewed == 0 {
			t.Error("no other certificate was served before the end of the one")
		}
		t.Logf("another certificate was served %s before the end of the one", renewed.Round(time.Second))
	})
	t.Run("its Secret is deleted", func(t *testing.T) {
		held := s.servingData(t)
		s.kubectl(t, "delete", "secret", servingSecret, "-n", cluster.AdapterName)
		s.answersThroughout(t, 20*time.Second, func(context.Context) {})
		s.applyServingSecret(t)
		made, mended := time.Now(), time.Duration(0)
		s.answersThroughout(t, time.Minute, func(context.Context) {
			if mended == 0 && maps.EqualFunc(s.servingData(t), held, bytes.Equal) {
				mended = time.Since(made)
			}
		})
		if mended == 0 {
			t.Error("the Secret does not hold again what it held")
		}
		t.Logf("the Secret was filled %s after it was made again", mended.Round(time.Second))
		s.applyServingSecret(t)
		if !maps.EqualFunc(s.servingData(t), held, bytes.Equal) {
			t.Error("applying the manifests again changes what the Secret holds")
		}
	})
}

// servingData returns what the Secret of the serving certificate holds.
func (h harness) servingData(t *testing.T) map[string][]byte {
	t.Helper()
	secret, err := h.client.CoreV1().Secrets(cluster.AdapterName).Get(t.Context(), servingSecret, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return secret.Data
}

// applyServingSecret applies the Secret of deploy/base.
func (s *fixture) applyServingSecret(t *testing.T) {
	t.Helper()
	objects, err := s.Render(t.Context(), filepath.Join(repository(t), "deploy", "base"))
	if err != nil {
		t.Fatal(err)
	}
	objects = slices.DeleteFunc(objects, func(object *unstructured.Unstructured) bool { return object.GetKind() != "Secret" })
	if err := s.Apply(t.Context(), objects); err != nil {
		t.Fatal(err)
	}
}

// renewServingFiles replaces the files of --tls-cert-file and --tls-private-key-file while requests come in, as a
// mounted Secret does. The authority stays.
func (s *fixture) renewServingFiles(t *testing.T, files servingFiles) {
	ends := files.write(t)
	renewed := false
	s.answersThroughout(t, 20*time.Second, func(context.Context) { renewed = renewed || s.servesUntil(t, ends) == nil })
	if !renewed {
		t.Error("the certificate of the new files is not served")
	}
}

// answersThroughout demands that each request is answered, and looks at something after each.
func (s *fixture) answersThroughout(t *testing.T, lasting time.Duration, look func(ctx context.Context)) {
	t.Helper()
	began := time.Now()
	throughout(t, lasting, func(ctx context.Context) error {
		if _, err := s.ask(ctx, "cart", "used-memory-bytes"); err != nil {
			return fmt.Errorf("after %s a request failed: %w", time.Since(began), err)
		}
		look(ctx)
		return nil
	})
}

// servesUntil says how the end of the certificate that the adapter serves differs from what is wanted.
func (s *fixture) servesUntil(t *testing.T, ends time.Time) error {
	t.Helper()
	at, err := url.Parse(s.adapter.BaseURL())
	if err != nil {
		return err
	}
	served, err := cluster.ServedCertificate(t.Context(), at.Host)
	if err != nil {
		return err
	}
	if !served.NotAfter.Equal(ends.Truncate(time.Second)) {
		return fmt.Errorf("the certificate ends at %s, want %s", served.NotAfter, ends)
	}
	return nil
}

// shortenServing replaces the pair in the Secret by one of the same authority that ends soon, and is due a little
// before.
func (s *fixture) shortenServing(t *testing.T, left time.Duration) (ends time.Time) {
	t.Helper()
	secrets := s.client.CoreV1().Secrets(cluster.AdapterName)
	secret, err := secrets.Get(t.Context(), servingSecret, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	authority, err := tls.X509KeyPair(secret.Data["ca.crt"], secret.Data["ca.key"])
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		t.Fatal(err)
	}
	ends = time.Now().Add(left)
	short := *pair.Leaf
	// Two thirds of its life are over in a third of what is left.
	short.SerialNumber, short.NotBefore, short.NotAfter = big.NewInt(2), ends.Add(-2*left), ends
	key := pair.PrivateKey.(*ecdsa.PrivateKey)
	der, err := x509.CreateCertificate(rand.Reader, &short, authority.Leaf, &key.PublicKey, authority.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	certPEM, err := cert.EncodeCertificates(leaf)
	if err != nil {
		t.Fatal(err)
	}
	secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey] = certPEM, keyPEM
	if _, err := secrets.Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	return ends
}

// servingFiles are what cert-manager would put into the pod.
type servingFiles struct {
	authority        *redistest.Authority
	certificate, key string
}

func newServingFiles(t *testing.T) servingFiles {
	t.Helper()
	dir := t.TempDir()
	f := servingFiles{redistest.NewAuthority(t), filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
	f.write(t)
	return f
}

// write puts a pair that differs from the last one in its end into the files, each at once as a whole.
func (f servingFiles) write(t *testing.T) (ends time.Time) {
	t.Helper()
	ends = time.Now().Add(time.Hour)
	certificate, key := f.authority.Issue(ends, cluster.AdapterName+"."+cluster.AdapterName+".svc")
	for path, content := range map[string][]byte{f.certificate: certificate, f.key: key} {
		if err := os.WriteFile(path+".new", content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	return ends
}
