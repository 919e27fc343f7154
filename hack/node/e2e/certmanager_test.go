package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/cert"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	// issuedSecret and authoritySecret hold what cert-manager makes, and are named like the Certificates.
	issuedSecret    = namespace + "-serving"
	authoritySecret = namespace + "-ca"
	// taken is how long the pods may take to serve a renewed certificate: the kubelet looks at a mounted Secret about
	// once a minute.
	taken = 3 * time.Minute
)

// testOperators applies the base with ha, prometheus and cert-manager as deploy/README.md says, in a cluster that has
// the kinds of both operators and runs cert-manager's controllers and its CA injector. What the Prometheus operator would
// have Prometheus do is done here, by what the ServiceMonitor says.
func testOperators(t *testing.T) {
	stopCertManager := shared.startCertManager(t)
	overlay := filepath.Join(t.TempDir(), "overlay")
	if err := writeOverlay(overlay, "ha", "prometheus", "cert-manager"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	shared.kubectl(t, "apply", "-k", overlay)
	await(t, deployed, shared.available)
	t.Logf("custom metrics served by a certificate of cert-manager %.1fs after kubectl apply", time.Since(began).Seconds())
	shared.kubectl(t, "rollout", "status", "deployment/redis-metrics-adapter", "-n", namespace, "--timeout=90s")
	shared.deploySamples(t)
	t.Run("certificate", testIssuedCertificate)
	t.Run("scrape", testScrape)
	t.Run("renewal", testRenewal)
	t.Run("caBundle of another", testBundleOfAnother)

	shared.uninstallKustomize(t, overlay)
	stopCertManager()
	if err := shared.DeleteOperatorKinds(t.Context()); err != nil {
		t.Error(err)
	}
	shared.nothingLeft(t)
}

func (f fixture) startCertManager(t *testing.T) (stop func()) {
	t.Helper()
	if err := f.ApplyOperatorKinds(t.Context()); err != nil {
		t.Fatal(err)
	}
	process, err := f.StartProgram(t.Context(), cluster.Program{
		Name: "cert-manager", Path: filepath.Join(os.Getenv("BIN_DIR"), "cert-manager"),
		Env: append(os.Environ(), "KUBECONFIG="+f.Kubeconfig()),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of cert-manager's log:\n%s", process.LogTail(40))
		}
	})
	return func() {
		if err := process.Stop(); err != nil {
			t.Error(err)
		}
	}
}

// testIssuedCertificate looks at who made the certificate, and who is trusted for it.
func testIssuedCertificate(t *testing.T) {
	if err := shared.servesSecret(t.Context(), issuedSecret); err != nil {
		t.Error(err)
	}
	shared.trusts(t, shared.secret(t, authoritySecret).Data[corev1.TLSCertKey])
	for _, pod := range shared.adapterPods(t) {
		mounted := false
		for _, volume := range pod.Spec.Volumes {
			mounted = mounted || volume.Secret != nil && volume.Secret.SecretName == issuedSecret
		}
		if status := pod.Status.ContainerStatuses[0]; !mounted || !status.Ready || status.RestartCount > 0 {
			t.Errorf("pod %s: Secret mounted %t, ready %t, %d restarts", pod.Name, mounted, status.Ready, status.RestartCount)
		}
	}
	if own := shared.kubectl(t, "get", "secret", servingSecret, "-n", namespace, "--ignore-not-found", "-o", "name"); own != "" {
		t.Errorf("there is a Secret for a certificate of the adapter's own: %s", own)
	}
}

// trusts demands that both APIServices name this authority, and otherwise at most an older certificate of its key, which
// the CA injector keeps.
func (f fixture) trusts(t *testing.T, authority []byte) {
	t.Helper()
	want, err := cert.ParseCertsPEM(authority)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"v1beta1", "v1beta2"} {
		trusted := f.bundle(t, version)
		if !slices.ContainsFunc(trusted, want[0].Equal) {
			t.Errorf("%s trusts %v, and not what is in the Secret", version, trusted)
		}
		for _, each := range trusted {
			if !want[0].PublicKey.(*ecdsa.PublicKey).Equal(each.PublicKey) {
				t.Errorf("%s trusts %s, which has another key", version, each.Subject)
			}
		}
	}
}

func (f fixture) bundle(t *testing.T, version string) []*x509.Certificate {
	t.Helper()
	var object struct {
		Spec struct {
			CABundle              []byte `json:"caBundle"`
			InsecureSkipTLSVerify bool   `json:"insecureSkipTLSVerify"`
		} `json:"spec"`
	}
	text := f.kubectl(t, "get", "apiservice", version+".custom.metrics.k8s.io", "-o", "json")
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	trusted, err := cert.ParseCertsPEM(object.Spec.CABundle)
	if err != nil || object.Spec.InsecureSkipTLSVerify {
		t.Fatalf("%s verifies nothing: %v: %s", version, err, text)
	}
	return trusted
}

// testRenewal renews first the authority and then the serving certificate under a steady load. The authority keeps its
// key, so that no request fails whichever of caBundle and pods is the first to change.
func testRenewal(t *testing.T) {
	stop := shared.askSteadily(t)
	shared.renew(t, authoritySecret)
	shared.renew(t, issuedSecret)
	took := shared.awaitServed(t, issuedSecret, taken)
	shared.trusts(t, shared.secret(t, authoritySecret).Data[corev1.TLSCertKey])
	asked := stop()
	t.Logf("both replicas served the renewed certificate %.0fs after it was in the Secret; %s", took.Seconds(), asked)
	asked.wantNoFailure(t, 1000)
}

// testBundleOfAnother has an APIService trust somebody else, which cert-manager's CA injector mends.
func testBundleOfAnother(t *testing.T) {
	own, err := cert.ParseCertsPEM(shared.secret(t, authoritySecret).Data[corev1.TLSCertKey])
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := json.Marshal(redistest.NewAuthority(t).PEM)
	if err != nil {
		t.Fatal(err)
	}
	shared.kubectl(t, "patch", "apiservice", "v1beta2.custom.metrics.k8s.io", "--type=merge", "-p", `{"spec":{"caBundle":`+string(bundle)+`}}`)
	began := time.Now()
	await(t, time.Minute, func(ctx context.Context) error {
		if !slices.ContainsFunc(shared.bundle(t, "v1beta2"), own[0].Equal) {
			return errors.New("v1beta2 trusts another")
		}
		return shared.available(ctx)
	})
	t.Logf("mended after %.1fs", time.Since(began).Seconds())
}

// renew has cert-manager renew a Certificate before its time, by the condition that cmctl sets, and waits until the
// Secret holds another.
func (f fixture) renew(t *testing.T, name string) {
	t.Helper()
	before := f.secret(t, name).Data[corev1.TLSCertKey]
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(f.kubectl(t, "get", "certificate", name, "-n", namespace, "-o", "json")), object); err != nil {
		t.Fatal(err)
	}
	conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
	if err != nil {
		t.Fatal(err)
	}
	conditions = append(conditions, map[string]any{
		"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "message": "renewed before its time",
		"observedGeneration": object.GetGeneration(), "lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
	})
	if err := unstructured.SetNestedSlice(object.Object, conditions, "status", "conditions"); err != nil {
		t.Fatal(err)
	}
	text, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.KubectlInput(t.Context(), bytes.NewReader(text), "replace", "--subresource=status", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	await(t, time.Minute, func(context.Context) error {
		if bytes.Equal(f.secret(t, name).Data[corev1.TLSCertKey], before) {
			return fmt.Errorf("cert-manager has not renewed %s", name)
		}
		return f.issued(t, name)
	})
}

func (f fixture) issued(t *testing.T, name string) error {
	t.Helper()
	const types = `jsonpath={range .status.conditions[?(@.status=="True")]}{.type} {end}`
	if got := strings.TrimSpace(f.kubectl(t, "get", "certificate", name, "-n", namespace, "-o", types)); got != "Ready" {
		return errors.New("Certificate " + name + " is " + got)
	}
	return nil
}

func (f fixture) secret(t *testing.T, name string) *corev1.Secret {
	t.Helper()
	secret, err := f.client.CoreV1().Secrets(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}
