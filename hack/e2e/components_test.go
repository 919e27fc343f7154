package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const adapterAccount = "system:serviceaccount:redis-metrics-adapter:redis-metrics-adapter"

// TestComponents builds the base with every component and runs what comes of it: the adapter with a certificate from
// files and the rights that are left, and the pods that the API server lets the Deployment have.
func TestComponents(t *testing.T) {
	t.Parallel()
	s := newFixture(t, emptyHarness(t))
	if err := s.ApplyOperatorKinds(t.Context()); err != nil {
		t.Fatal(err)
	}
	files := newServingFiles(t)
	bundle := files.authority.PEM
	sockets := t.TempDir()
	overlay := overlayOf(t, bundle, "ha", "network-policy", "prometheus", "cert-manager", "all-secrets", "connect-anywhere", "run-scripts")
	s.startAdapter(t, cluster.AdapterOptions{
		Manifests: overlay, ExtraArgs: []string{"--tls-cert-file=" + files.certificate, "--tls-private-key-file=" + files.key, "--allow-unix-sockets=" + sockets},
	})
	s.redis(t, "cart", redistest.New(t).Addr, nil)
	t.Run("the adapter serves", func(t *testing.T) {
		awaitRequests(t, s, "cart")
		if log := s.adapter.LogTail(1000); strings.Contains(log, "forbidden") || !strings.Contains(log, "names this adapter's Service") {
			t.Errorf("the log has a refusal, or nothing of the APIServices:\n%s", log)
		}
	})
	t.Run("with renewed files", func(t *testing.T) { s.renewServingFiles(t, files) })
	t.Run("by a Unix socket", func(t *testing.T) {
		path := filepath.Join(sockets, "redis.sock")
		redistest.New(t, "--unixsocket", path)
		s.redis(t, "beside", "unix://"+path, nil)
		awaitRequests(t, s, "beside")
	})
	t.Run("rights", s.rightsUnderComponents)
	t.Run("verbs", s.verbsUnderComponents)
	t.Run("prometheus", func(t *testing.T) { s.scrapedAsPrometheus(t, bundle) })
	t.Run("without the policy", func(t *testing.T) { s.withoutThePolicy(t, overlay) })
	t.Run("pods", func(t *testing.T) { s.podsUnderComponents(t, overlay) })
}

func (s *fixture) rightsUnderComponents(t *testing.T) {
	s.answersRights(t, adapterAccount, map[string]bool{
		"get secrets/any -n " + s.namespace:                                                true,
		"get configmaps/any -n " + s.namespace:                                             true,
		"list secrets -n " + s.namespace:                                                   false,
		"create secrets -n redis-metrics-adapter":                                          false,
		"update secrets/redis-metrics-adapter-tls -n redis-metrics-adapter":                false,
		"get apiservices.apiregistration.k8s.io/v1beta2.custom.metrics.k8s.io":             true,
		"patch apiservices.apiregistration.k8s.io/v1beta2.custom.metrics.k8s.io":           false,
		"update leases.coordination.k8s.io/redis-metrics-adapter -n redis-metrics-adapter": true,
	})
}

// verbsUnderComponents asks whether whoever may edit a namespace has the verbs
// that the components give.
func (s *fixture) verbsUnderComponents(t *testing.T) {
	s.kubectl(t, "create", "rolebinding", "edit", "-n", s.namespace, "--clusterrole=edit", "--user=jane")
	for _, verb := range []string{"connect-anywhere", "run-scripts"} {
		eventually(t, 15*time.Second, func(ctx context.Context) error {
			out, err := s.Kubectl(ctx, "auth", "can-i", verb, redisCRD, "-n", s.namespace, "--as=jane")
			if err != nil {
				return fmt.Errorf("may jane %s: %q, %w", verb, out, err)
			}
			return nil
		})
	}
}

// podsUnderComponents applies the Deployment itself, in the namespace that enforces the restricted standard.
func (s *fixture) podsUnderComponents(t *testing.T, overlay string) {
	objects, err := s.Render(t.Context(), overlay)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if object.GetKind() == "Deployment" {
			if err := s.Apply(t.Context(), []*unstructured.Unstructured{object}); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, 90*time.Second, func(ctx context.Context) error {
		out, err := s.Kubectl(ctx, "get", "deployment,poddisruptionbudget", "-n", cluster.AdapterName, "-o",
			"jsonpath={.items[0].status.availableReplicas} {.items[1].status.disruptionsAllowed}")
		if err == nil && out != "2 1" {
			err = fmt.Errorf("available replicas and disruptions allowed are %q, want 2 1", out)
		}
		return err
	})
	nodes := map[string]bool{}
	for _, pod := range strings.Fields(s.kubectl(t, "get", "pods", "-n", cluster.AdapterName, "-o", `jsonpath={range .items[*]}{.spec.nodeName}/{.spec.priority}{"\n"}{end}`)) {
		node, priority, _ := strings.Cut(pod, "/")
		nodes[node] = true
		if priority != "2000000000" {
			t.Errorf("a pod has priority %s, not that of system-cluster-critical", priority)
		}
	}
	if len(nodes) != 2 {
		t.Errorf("two pods stand on the nodes %v", nodes)
	}
	if used := s.kubectl(t, "get", "resourcequota", "-n", cluster.AdapterName, "-o", "jsonpath={.items[0].status.used.pods}"); used != "2" {
		t.Errorf("the quota counts %q pods, want 2", used)
	}
}

// overlayOf writes a kustomization of the base with components, and the caBundle that cert-manager would inject.
func overlayOf(t *testing.T, bundle []byte, components ...string) string {
	t.Helper()
	dir := t.TempDir()
	deploy, err := filepath.Rel(dir, filepath.Join(repository(t), "deploy"))
	if err != nil {
		t.Fatal(err)
	}
	text := "resources:\n- " + deploy + "/base\ncomponents:\n"
	for _, component := range components {
		text += "- " + deploy + "/components/" + component + "\n"
	}
	text += "patches:\n- target: {kind: APIService}\n  patch: |\n    - {op: add, path: /spec/caBundle, value: " +
		base64.StdEncoding.EncodeToString(bundle) + "}\n"
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// scrapedAsPrometheus asks for the metrics as the ServiceMonitor has Prometheus do: with the token of its
// ServiceAccount, past the API server, and with the name of the Service verified. The rights are those of the component.
func (s *fixture) scrapedAsPrometheus(t *testing.T, bundle []byte) {
	s.kubectl(t, "create", "namespace", "monitoring")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: s.adapter.ServerName()}, DisableKeepAlives: true,
	}}
	for account, want := range map[string]int{"prometheus-k8s": http.StatusOK, "another": http.StatusForbidden} {
		s.kubectl(t, "create", "serviceaccount", account, "-n", "monitoring")
		token := strings.TrimSpace(s.kubectl(t, "create", "token", account, "-n", "monitoring"))
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.adapter.BaseURL()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != want || strings.Contains(string(body), "redis_metrics_adapter_targets") != (want == http.StatusOK) {
			t.Errorf("%s is answered %d, want %d", account, response.StatusCode, want)
		}
	}
	s.answersRights(t, "system:serviceaccount:monitoring:prometheus-k8s", map[string]bool{
		"list pods -n redis-metrics-adapter": true, "list pods -n " + s.namespace: false,
	})
}
