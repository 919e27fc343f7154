package e2e

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestQueueIsDrained wakes workers from zero for the jobs in a list, and sends them home when all are done. No job is lost.
func TestQueueIsDrained(t *testing.T) {
	shared.openShop(t)
	shared.kubectl(t, "apply", "-f", "testdata/queue.yaml")
	shared.awaitPods(t, "worker", 0, 2*time.Minute)

	const jobs = 100
	push := []string{"rpush", "jobs"}
	for job := range jobs {
		push = append(push, strconv.Itoa(job))
	}
	began := time.Now()
	shared.redis(t, push...)
	shared.awaitPods(t, "worker", 5, time.Minute)
	t.Logf("5 workers run %.0fs after %d jobs were there", time.Since(began).Seconds(), jobs)
	shared.awaitPods(t, "worker", 0, 2*time.Minute)
	t.Logf("0 workers run after %.0fs", time.Since(began).Seconds())
	if done := shared.redis(t, "get", "jobs:done"); done != strconv.Itoa(jobs) {
		t.Errorf("%s jobs are done, want %d", done, jobs)
	}
}

// redis runs redis-cli in the pod of the shop's Redis.
func (h house) redis(t *testing.T, command ...string) string {
	t.Helper()
	return strings.TrimSpace(h.kubectl(t, append([]string{"exec", "-n", "shop", "cart-0", "--", "redis-cli"}, command...)...))
}
