package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// askInterval makes 50 requests a second.
const askInterval = 20 * time.Millisecond

// TestRollingUpgrade replaces both replicas under a steady load, of whose requests none may fail.
func TestRollingUpgrade(t *testing.T) {
	shared.openShop(t)
	stop := shared.askSteadily(t)
	shared.kubectl(t, "rollout", "restart", "-n", namespace, "deployment/redis-metrics-adapter")
	shared.kubectl(t, "rollout", "status", "-n", namespace, "deployment/redis-metrics-adapter", "--timeout=150s")
	asked := stop()
	t.Log(asked)
	if asked.total < 1000 || len(asked.failures) > 0 {
		t.Errorf("want at least 1000 requests and no failure: %s", asked)
	}
}

// asked is what became of the requests of a steady load.
type asked struct {
	total    int
	failures map[string]int // how many failed, by why
	last     time.Time      // the last failure
}

func (a asked) String() string {
	lines := []string{fmt.Sprintf("%d requests", a.total)}
	for _, why := range slices.Sorted(maps.Keys(a.failures)) {
		lines = append(lines, fmt.Sprintf("%d failed: %s", a.failures[why], why))
	}
	return strings.Join(lines, "; ")
}

// askSteadily asks for the metric of the shop's HPA until the returned function is called.
func (h house) askSteadily(t *testing.T) (stop func() asked) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	result := asked{failures: map[string]int{}}
	ask := func() {
		err := h.client.CoreV1().RESTClient().Get().AbsPath(cartRequests).Do(t.Context()).Error()
		mu.Lock()
		defer mu.Unlock()
		result.total++
		if err != nil {
			result.failures[err.Error()]++
			result.last = time.Now()
		}
	}
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(askInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				group.Go(ask)
			}
		}
	})
	finish := sync.OnceValue(func() asked {
		cancel()
		group.Wait()
		return result
	})
	t.Cleanup(func() { finish() })
	return finish
}
