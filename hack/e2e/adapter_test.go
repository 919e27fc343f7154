package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestAdapterRestart kills the adapter under load and starts it again. It has a
// control plane of its own, because the APIServices are not available meanwhile.
func TestAdapterRestart(t *testing.T) {
	t.Parallel()
	h := ownHarness(t)
	s := newFixture(t, h)
	server := redistest.New(t)
	driver := drive(t, server.Addr, 2500)
	s.apply(t, server.Addr, "redis.yaml", "statefulset.yaml", "hpa-averagevalue.yaml")
	s.awaitReplicas(t, 3, scaling)
	checked := s.audit(t, driver)
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		if err := h.adapter.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := h.adapter.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		throughout(t, 5*interval, func(ctx context.Context) error {
			if replicas, err := s.replicas(ctx, "app-statefulset"); err != nil || replicas != 3 {
				return fmt.Errorf("after %s %d replicas are wanted though the load is what it was, %w", signal, replicas, err)
			}
			return nil
		})
		awaitRequests(t, s, "my-redis")
	}
	checked()
}

func ownHarness(t *testing.T, change ...func(*cluster.Options)) harness {
	t.Helper()
	h, err := open(t.Context(), change...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the adapter's log:\n%s", h.adapter.LogTail(40))
		}
		if err := h.Stop(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// TestRequestsAreAnsweredFromMemory halts both Redis and the API server, and asks
// the adapter as the aggregator does.
func TestRequestsAreAnsweredFromMemory(t *testing.T) {
	t.Parallel()
	h := ownHarness(t)
	s := newFixture(t, h)
	server := redistest.New(t)
	s.redis(t, "cart", server.Addr, nil)
	awaitRequests(t, s, "cart")
	ask := aggregator(t, h)
	path := s.path("v1beta2", "cart", "requests-per-second")
	if code, body, _ := ask(path); code != http.StatusOK {
		t.Fatalf("answered %d %s", code, body)
	}

	server.Signal(syscall.SIGSTOP)
	apiServer := h.Process(cluster.APIServer)
	if err := apiServer.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	halted := time.Now()
	defer func() {
		server.Signal(syscall.SIGCONT)
		_ = apiServer.Signal(syscall.SIGCONT)
	}()
	answers, slowest := map[int]int{}, time.Duration(0)
	throughout(t, maxAge+2*interval, func(context.Context) error {
		code, body, took := ask(path)
		answers[code]++
		slowest = max(slowest, took)
		switch {
		case code == http.StatusOK && time.Since(halted) > maxAge+2*resolution:
			return fmt.Errorf("%s after the halt a number is served: %s", time.Since(halted), body)
		case code == http.StatusNotFound && !strings.Contains(body, "more than maxAge 15s"):
			return fmt.Errorf("answered %s", body)
		case code != http.StatusOK && code != http.StatusNotFound:
			return fmt.Errorf("answered %d %s", code, body)
		case took > time.Second:
			return fmt.Errorf("an answer took %s: it waited for something", took)
		}
		return nil
	})
	if answers[http.StatusOK] == 0 || answers[http.StatusNotFound] == 0 {
		t.Errorf("answers by code: %v, want numbers until maxAge and errors after", answers)
	}
	t.Logf("answers by code %v, the slowest took %s", answers, slowest)
}

// aggregator asks for the HPA controller.
func aggregator(t *testing.T, h harness) func(path string) (code int, body string, took time.Duration) {
	t.Helper()
	return aggregatorFor(t, h, "system:serviceaccount:kube-system:horizontal-pod-autoscaler")
}

// aggregatorFor returns a function that asks the adapter directly, with the
// certificate and the headers by which the aggregator asks for a user.
func aggregatorFor(t *testing.T, h harness, user string) func(path string) (code int, body string, took time.Duration) {
	t.Helper()
	client := frontProxy(t, h)
	return func(path string) (int, string, time.Duration) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.adapter.BaseURL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Remote-User", user)
		request.Header.Add("X-Remote-Group", "system:serviceaccounts")
		request.Header.Add("X-Remote-Group", "system:authenticated")
		start := time.Now()
		response, err := client.Do(request)
		if err != nil {
			return 0, err.Error(), time.Since(start)
		}
		defer response.Body.Close()
		body := new(strings.Builder)
		if _, err := io.Copy(body, response.Body); err != nil {
			return 0, err.Error(), time.Since(start)
		}
		return response.StatusCode, body.String(), time.Since(start)
	}
}

// frontProxy returns a client with the aggregator's certificate.
func frontProxy(t *testing.T, h harness) *http.Client {
	t.Helper()
	certificate, key, _ := h.FrontProxy()
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := h.client.CoreV1().Secrets(cluster.AdapterName).Get(t.Context(), cluster.AdapterName+"-tls", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(secret.Data["ca.crt"]) {
		t.Fatal("the Secret holds no authority")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		Certificates: []tls.Certificate{pair}, RootCAs: authorities, ServerName: h.adapter.ServerName(), MinVersion: tls.VersionTLS12,
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 5 * time.Second}
}

// TestProbesMetricsAndDrain looks at what operators look at, and stops the adapter as a rollout does.
func TestProbesMetricsAndDrain(t *testing.T) {
	t.Parallel()
	h := ownHarness(t)
	s := newFixture(t, h)
	server := redistest.New(t)
	s.redis(t, "cart", server.Addr, nil)
	awaitRequests(t, s, "cart")
	ask := aggregator(t, h)
	path := s.path("v1beta2", "cart", "keys")
	for _, probe := range []string{"/livez", "/readyz", path} {
		if code, body, _ := ask(probe); code != http.StatusOK {
			t.Errorf("%s answers %d %s", probe, code, body)
		}
	}
	if code, _, _ := ask("/metrics"); code != http.StatusForbidden {
		t.Errorf("who may not read /metrics is answered %d", code)
	}
	out := operatorsMetrics(t, h)
	for _, series := range []string{
		`metrics_apiserver_metric_freshness_seconds_count{group="custom.metrics.k8s.io"}`,
		`redis_metrics_adapter_targets{state="Sampled"} 1`,
		`redis_metrics_adapter_sampling_attempts_total{result="Succeeded"}`,
		`redis_metrics_adapter_sampling_duration_seconds_count`,
		`redis_metrics_adapter_sampling_lateness_seconds_count`,
		`redis_metrics_adapter_values_total{result="Served"}`,
		`redis_metrics_adapter_admission_policy_enforced{policy="redis-metrics-adapter-secrets"} 1`,
	} {
		if !strings.Contains(out, series) {
			t.Errorf("/metrics lacks %s", series)
		}
	}
	if strings.Contains(out, server.Addr) {
		t.Error("/metrics names an address")
	}

	if err := h.adapter.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	stopped, unready := time.Now(), false
	throughout(t, 4*time.Second, func(context.Context) error {
		if code, body, _ := ask(path); code != http.StatusOK {
			return fmt.Errorf("%s after the signal answered %d %s", time.Since(stopped), code, body)
		}
		code, _, _ := ask("/readyz")
		unready = unready || code != http.StatusOK
		return nil
	})
	if !unready {
		t.Error("/readyz did not say that this replica goes away")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	if err := h.adapter.Wait(ctx); err != nil {
		t.Errorf("the adapter did not end well: %v", err)
	}
	if n := connections(server); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// operatorsMetrics reads /metrics as one who has the rights of an operator.
func operatorsMetrics(t *testing.T, h harness) string {
	t.Helper()
	var out string
	read := metricsReader(t, h)
	eventually(t, 15*time.Second, func(context.Context) (err error) {
		out, err = read()
		return err
	})
	return out
}

// metricsReader gives an operator the right to read /metrics, and returns how.
func metricsReader(t *testing.T, h harness) func() (string, error) {
	t.Helper()
	s := fixture{harness: h}
	s.kubectl(t, "create", "clusterrole", "read-metrics", "--verb=get", "--non-resource-url=/metrics")
	s.kubectl(t, "create", "clusterrolebinding", "read-metrics", "--clusterrole=read-metrics", "--user=operator")
	request := aggregatorFor(t, h, "operator")
	return func() (string, error) {
		code, body, _ := request("/metrics")
		if code != http.StatusOK {
			return "", fmt.Errorf("answered %d %s", code, body)
		}
		return body, nil
	}
}
