package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	prometheusAdapterHost = "prometheus-adapter.monitoring.svc"

	// prometheusAdapterRules give each metric of the cluster its name in Prometheus. A value outlives a few scrapes that
	// fail: on a busy machine some do, and what is tested is how requests reach prometheus-adapter.
	prometheusAdapterRules = `rules:
- seriesQuery: '{__name__=~"http_requests|hits|load|queue"}'
  resources:
    overrides: {namespace: {resource: namespace}, pod: {resource: pod}, service: {resource: service}, node: {resource: node}}
  metricsQuery: sum(last_over_time(<<.Series>>{<<.LabelMatchers>>}[15s])) by (<<.GroupBy>>)
`
	// prometheusAdapterAudit has each request for a metric, and who asks.
	prometheusAdapterAudit = `{"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived"],"rules":[
		{"level":"Metadata","resources":[{"group":"custom.metrics.k8s.io"}]},{"level":"None"}]}`
)

// prometheusAdapter is another adapter. A Prometheus of its own scrapes metrics of pods, of
// a Service, of a node and of namespaces from this process.
type prometheusAdapter struct {
	*cluster.Process
	client kubernetes.Interface
	direct *http.Client // asks it past ours
	caFile string
	ca     []byte
	port   int
	audit  *os.File // is read once
}

// startPrometheusAdapter starts it with a certificate for the name of a Service.
func startPrometheusAdapter(t *testing.T, h harness) *prometheusAdapter {
	t.Helper()
	dir, authority := t.TempDir(), redistest.NewAuthority(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	o := &prometheusAdapter{client: h.client, caFile: path("ca.crt"), ca: authority.PEM, direct: trusting(t, authority.PEM)}
	certificate, key := authority.Issue(time.Now().Add(12*time.Hour), prometheusAdapterHost)
	for name, data := range map[string][]byte{
		"ca.crt": authority.PEM, "tls.crt": certificate, "tls.key": key, "audit.log": nil, "rules.yaml": []byte(prometheusAdapterRules), "audit.json": []byte(prometheusAdapterAudit),
	} {
		if err := os.WriteFile(path(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if o.audit, err = os.Open(path("audit.log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.audit.Close() })
	if o.port, err = cluster.FreePort(); err != nil {
		t.Fatal(err)
	}
	o.Process, err = h.StartProgram(t.Context(), cluster.Program{
		Name: "prometheus-adapter", Path: program(t, "prometheus-adapter"), Ready: answers(o.direct, o.url("/readyz")),
		Args: []string{
			"--prometheus-url=" + startPrometheus(t, h), "--config=" + path("rules.yaml"), "--metrics-relist-interval=1s", "--metrics-max-age=10s",
			"--lister-kubeconfig=" + h.Kubeconfig(), "--authentication-kubeconfig=" + h.Kubeconfig(), "--authorization-kubeconfig=" + h.Kubeconfig(),
			"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", o.port),
			"--tls-cert-file=" + path("tls.crt"), "--tls-private-key-file=" + path("tls.key"),
			"--audit-log-path=" + path("audit.log"), "--audit-policy-file=" + path("audit.json"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of prometheus-adapter's log:\n%s", o.LogTail(40))
		}
	})
	token := o.token(t, metav1.NamespaceDefault, "default")
	eventually(t, 30*time.Second, func(context.Context) error {
		return listsDelegated(o.ask(t, token, "/apis/custom.metrics.k8s.io/v1beta1", "application/json"))
	})
	return o
}

// listsDelegated says which of its metrics a list lacks.
func listsDelegated(code int, list []byte) error {
	for _, want := range []string{"pods/http_requests", "services/hits", "nodes/load", "namespaces/queue"} {
		if !bytes.Contains(list, []byte(`"`+want+`"`)) {
			return fmt.Errorf("no %s is listed: %d %.300s", want, code, list)
		}
	}
	return nil
}

// startPrometheus starts a Prometheus that scrapes each second what is there, and
// returns where it is.
func startPrometheus(t *testing.T, h harness) string {
	t.Helper()
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := series(r.Context(), h.client)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(exporter.Close)
	port, err := cluster.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	config, address := filepath.Join(t.TempDir(), "prometheus.yaml"), fmt.Sprintf("127.0.0.1:%d", port)
	text := `{global: {scrape_interval: 1s}, scrape_configs: [{job_name: cluster, honor_labels: true,
		static_configs: [{targets: ["` + exporter.Listener.Addr().String() + `"]}]}]}`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = h.StartProgram(t.Context(), cluster.Program{
		Name: "prometheus", Path: program(t, "prometheus"), Ready: answers(http.DefaultClient, "http://"+address+"/-/ready"),
		Args: []string{"--config.file=" + config, "--storage.tsdb.path=" + t.TempDir(), "--web.listen-address=" + address},
	})
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + address
}

// series are 200 for each pod, and one that is not there, and for what each
// namespace is said to have.
func series(ctx context.Context, client kubernetes.Interface) (string, error) {
	var text strings.Builder
	pods, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	fmt.Fprintln(&text, `http_requests{namespace="default",pod="a"} 200`)
	for _, pod := range pods.Items {
		fmt.Fprintf(&text, "http_requests{namespace=%q,pod=%q} 200\n", pod.Namespace, pod.Name)
	}
	namespaces, err := client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	for _, namespace := range namespaces.Items {
		fmt.Fprintf(&text, "hits{namespace=%q,service=\"web\"} 200\n", namespace.Name)
	}
	for _, namespace := range namespaces.Items {
		fmt.Fprintf(&text, "queue{namespace=%q} 200\n", namespace.Name)
	}
	fmt.Fprintln(&text, `load{node="a"} 200`)
	return text.String(), nil
}

// program returns the path of a program that make test-e2e builds.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(os.Getenv("BIN_DIR"), name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// trusting returns a client of the server behind the Service of prometheus-adapter.
func trusting(t *testing.T, ca []byte) *http.Client {
	t.Helper()
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities, ServerName: prometheusAdapterHost, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// answers returns a check that a URL answers 200.
func answers(client *http.Client, url string) func(context.Context) error {
	return func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(r)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", url, response.Status)
		}
		return nil
	}
}

func (o *prometheusAdapter) url(path string) string {
	return fmt.Sprintf("https://127.0.0.1:%d%s", o.port, path)
}

// asked returns who has asked for metrics since the last look.
func (o *prometheusAdapter) asked(t *testing.T) []string {
	t.Helper()
	users := map[string]bool{}
	text, err := io.ReadAll(o.audit)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var event struct{ User struct{ Username string } }
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatalf("the audit log has %q: %v", line, err)
		}
		users[event.User.Username] = true
	}
	return slices.Sorted(maps.Keys(users))
}

// token returns a token of a ServiceAccount.
func (o *prometheusAdapter) token(t *testing.T, namespace, account string) string {
	t.Helper()
	token, err := o.client.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return token.Status.Token
}

// ask asks it past ours.
func (o *prometheusAdapter) ask(t *testing.T, token, path, accept string) (code int, body []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.url(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", accept)
	response, err := o.direct.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, err = io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}
