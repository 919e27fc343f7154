package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// attackLasts is for how long each attack lasts.
	attackLasts = 8 * time.Second
	// autoscalerWaits is how long the controller may wait for 99 of 100 answers.
	autoscalerWaits = time.Second
	// autoscalerWaitsAtWorst is the same under so many clients that their own handshakes take the processors, which
	// attackers, control plane and adapter share here. None of its requests may fail then.
	autoscalerWaitsAtWorst = 10 * time.Second
)

// TestAutoscalerUnderAttack measures what the HorizontalPodAutoscaler's controller waits for, through the API server as
// it asks, while others ask too: anonymous clients once a second each, since here they take the processors that they
// share, and a viewer as fast as it can.
func TestAutoscalerUnderAttack(t *testing.T) {
	h := ownHarness(t)
	s, _ := newSampled(t, h)
	config := rest.CopyConfig(h.Config())
	config.QPS = -1
	config.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:kube-system:horizontal-pod-autoscaler",
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"},
	}
	controller, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	s.kubectl(t, "create", "clusterrolebinding", "attacker-view", "--clusterrole=view", "--user=attacker")
	for _, attack := range []struct {
		name string
		size int
		rest time.Duration
		ask  func(ctx context.Context, index int)
		most time.Duration
	}{
		{"nobody", 0, 0, nil, autoscalerWaits},
		{"400 anonymous connections", 400, time.Second, s.anonymous(400), autoscalerWaits},
		{"3,000 anonymous connections", 3000, time.Second, s.anonymous(3000), autoscalerWaitsAtWorst},
		{"a viewer who invents names", 64, 0, s.inventing(t), autoscalerWaits},
	} {
		t.Run(attack.name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			var clients sync.WaitGroup
			var asked atomic.Int64
			for range attack.size {
				clients.Go(func() {
					for ctx.Err() == nil {
						attack.ask(ctx, int(asked.Add(1)))
						select {
						case <-ctx.Done():
						case <-time.After(attack.rest):
						}
					}
				})
			}
			waits := s.controllerAsks(t, controller, attackLasts)
			stop()
			clients.Wait()
			p99 := waits[len(waits)*99/100]
			t.Logf("%d requests of the controller during %d of the attack: half within %s, 99 of 100 within %s, all within %s",
				len(waits), asked.Load(), waits[len(waits)/2], p99, waits[len(waits)-1])
			if p99 > attack.most {
				t.Errorf("the controller waits %s, want at most %s", p99, attack.most)
			}
		})
	}
}

// controllerAsks asks twenty times a second, as often as the controller may, and returns how long the answers took, the
// shortest first.
func (s *fixture) controllerAsks(t *testing.T, as kubernetes.Interface, lasting time.Duration) []time.Duration {
	t.Helper()
	var waits []time.Duration
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(lasting); time.Now().Before(end); <-ticker.C {
		began := time.Now()
		if _, err := raw(t.Context(), as.CoreV1().RESTClient().Get().AbsPath(s.path("v1beta2", "cart", "used-memory-bytes"))); err != nil {
			t.Errorf("the controller is answered after %s: %v", time.Since(began), err)
		}
		waits = append(waits, time.Since(began))
	}
	slices.Sort(waits)
	return waits
}

// anonymous asks the adapter itself for a metric, without a name, over so many connections.
func (s *fixture) anonymous(connections int) func(ctx context.Context, index int) {
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // it asks for nothing that is worth a secret
		MaxIdleConnsPerHost: connections,
	}
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	return func(ctx context.Context, index int) {
		path := s.path("v1beta2", fmt.Sprintf("invented-%d", index), "keys")
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.adapter.BaseURL()+path, nil)
		if err != nil {
			return
		}
		response, err := client.Do(request)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
}

// inventing asks the API server for objects that do not exist, as who may view the cluster.
func (s *fixture) inventing(t *testing.T) func(ctx context.Context, index int) {
	t.Helper()
	path := s.kubeconfigFor(t, "attacker")
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, index int) {
		_, _ = raw(ctx, client.CoreV1().RESTClient().Get().AbsPath(s.path("v1beta2", fmt.Sprintf("invented-%d", index), "keys")))
	}
}
