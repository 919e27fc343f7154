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

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestAdapterStops stops the adapter, and then the API server. It has a control
// plane of its own, because the APIServices are not available meanwhile.
func TestAdapterStops(t *testing.T) {
	t.Parallel()
	h := ownHarness(t)
	t.Run("restart", h.restartsUnderLoad)
	t.Run("drain", h.drains)
	if err := h.adapter.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Run("API server halted", h.answersFromMemory)
}

// restartsUnderLoad kills the adapter under load and starts it again.
func (h harness) restartsUnderLoad(t *testing.T) {
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

// answersFromMemory halts both Redis and every API server, and asks the adapter as
// the aggregator does.
func (h harness) answersFromMemory(t *testing.T) {
	s, server := newSampled(t, h)
	ask := aggregator(t, h)
	path := s.path("v1beta2", "cart", "requests-per-second")
	if code, body, _ := ask(path); code != http.StatusOK {
		t.Fatalf("answered %d %s", code, body)
	}

	server.Signal(syscall.SIGSTOP)
	defer server.Signal(syscall.SIGCONT)
	for _, apiServer := range h.APIServers() {
		if err := apiServer.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = apiServer.Signal(syscall.SIGCONT) }()
	}
	halted := time.Now()
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
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(h.servingData(t)["ca.crt"]) {
		t.Fatal("the Secret holds no authority")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		Certificates: []tls.Certificate{pair}, RootCAs: authorities, ServerName: h.adapter.ServerName(), MinVersion: tls.VersionTLS12,
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 5 * time.Second}
}

// drains looks at what operators look at, and stops the adapter as a rollout does.
func (h harness) drains(t *testing.T) {
	s, server := newSampled(t, h)
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
	out := awaitMetrics(t, h,
		`metrics_apiserver_metric_freshness_seconds_count{group="custom.metrics.k8s.io"}`,
		`redis_metrics_adapter_targets{state="Sampled"} 1`,
		`redis_metrics_adapter_sampling_attempts_total{result="Succeeded"}`,
		`redis_metrics_adapter_sampling_duration_seconds_count`,
		`redis_metrics_adapter_sampling_lateness_seconds_count`,
		`redis_metrics_adapter_values_total{result="Served"}`,
		`redis_metrics_adapter_admission_policy_enforced{policy="redis-metrics-adapter-secrets"} 1`,
	)
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

// awaitMetrics reads /metrics as one who has the rights of an operator, until it holds each series.
func awaitMetrics(t *testing.T, h harness, series ...string) string {
	t.Helper()
	h.kubectl(t, "create", "clusterrole", "read-metrics", "--verb=get", "--non-resource-url=/metrics")
	h.kubectl(t, "create", "clusterrolebinding", "read-metrics", "--clusterrole=read-metrics", "--user=operator")
	read := aggregatorFor(t, h, "operator")
	var text string
	eventually(t, 15*time.Second, func(context.Context) error {
		var code int
		if code, text, _ = read("/metrics"); code != http.StatusOK {
			return fmt.Errorf("/metrics answers %d %s", code, text)
		}
		for _, each := range series {
			if !strings.Contains(text, each) {
				return fmt.Errorf("/metrics lacks %s", each)
			}
		}
		return nil
	})
	return text
}
