package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestBehindAnotherRouter has the APIServices belong to another Service, whose
// server sends requests for Redis on to the adapter.
func TestBehindAnotherRouter(t *testing.T) {
	t.Parallel()
	h := emptyHarness(t)
	base := fixture{harness: h}
	for version, name := range map[string]string{"v1beta1": older, "v1beta2": newer} {
		manifest := `{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"` + name + `"},"spec":{"group":"custom.metrics.k8s.io","version":"` + version + `",
			"groupPriorityMinimum":100,"versionPriority":100,"service":{"namespace":"router","name":"router"}}}`
		h.kubectlInput(t, manifest, "create", "-f", "-")
	}
	deploy := filepath.Join(repository(t), "deploy")
	manifests := overlay(t, "resources: [%s]\ncomponents: [%s]\n", filepath.Join(deploy, "base"), filepath.Join(deploy, "components", "behind-router"))
	if out, err := base.deployFrom(t, manifests); err != nil {
		t.Fatalf("deploy says %v\n%s", err, out)
	}
	h.startAdapter(t, cluster.AdapterOptions{Standby: true, Manifests: manifests})
	s := newFixture(t, h)
	s.redis(t, "cart", redistest.New(t).Addr, nil)

	ask := s.router(t)
	eventually(t, 30*time.Second, func(context.Context) error {
		w := ask(s.path("v1beta2", "cart", "keys"))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"name":"cart"`) {
			return fmt.Errorf("answered %d %s", w.Code, w.Body)
		}
		return nil
	})
	if w := ask(strings.Replace(s.path("v1beta2", "cart", "keys"), "redises.redis-metrics.dev", "pods", 1)); w.Code != http.StatusNotFound {
		t.Errorf("a metric of pods is answered %d %s", w.Code, w.Body)
	}
	s.awaitCondition(t, 30*time.Second, "cart", "Ready", "True", "Sampled")
	if out := awaitMetrics(t, h); strings.Contains(out, "apiservice_foreign{") {
		t.Error("the adapter looks at APIServices")
	}
	for _, name := range []string{older, newer} {
		if holder := s.kubectl(t, "get", "apiservice", name, "-o", "jsonpath={.spec.service.name}{.spec.caBundle}"); holder != "router" {
			t.Errorf("APIService %s is now of %s", name, holder)
		}
		if out, err := s.Kubectl(t.Context(), "get", "apiservice", name, "--as="+adapterAccount); err == nil {
			t.Errorf("the adapter may read %s", out)
		}
	}
}

// router returns a server that asks the adapter as a ServiceAccount of its own.
func (s *fixture) router(t *testing.T) func(path string) *httptest.ResponseRecorder {
	t.Helper()
	s.kubectl(t, "create", "serviceaccount", "router", "--namespace="+s.namespace)
	const role = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"router"},
		"rules":[{"apiGroups":["custom.metrics.k8s.io"],"resources":["*"],"verbs":["get"]}]}`
	s.kubectlInput(t, role, "create", "-f", "-")
	s.kubectl(t, "create", "clusterrolebinding", "router", "--clusterrole=router", "--serviceaccount="+s.namespace+":router")
	token, err := s.client.CoreV1().ServiceAccounts(s.namespace).CreateToken(t.Context(), "router", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(s.servingData(t)["ca.crt"])
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities, ServerName: s.adapter.ServerName(), MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	target, err := url.Parse(s.adapter.BaseURL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Set("Authorization", "Bearer "+token.Status.Token)
	}}
	return func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		proxy.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}
}
