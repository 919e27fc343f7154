package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

const askInterval = 20 * time.Millisecond

const (
	// afterKill is how long the load goes on: longer than the restarted replica takes to know rates again.
	afterKill = 25 * time.Second
	// recovery is for how long requests may fail when a replica is killed.
	recovery = 2 * time.Second
)

// TestUpgradeAndRollback replaces both replicas under a steady load, and then goes back to what they were.
func TestUpgradeAndRollback(t *testing.T) {
	shared.deploySamples(t)
	shared.replaceReplicas(t, nextImage, "set", "image", "-n", namespace, "deployment/redis-metrics-adapter", "redis-metrics-adapter="+nextImage)
	shared.replaceReplicas(t, "redis-metrics-adapter:dev", "rollout", "undo", "-n", namespace, "deployment/redis-metrics-adapter")
}

// replaceReplicas runs a command that leads to another image. No request may fail: a replica is ready only once it knows
// rates, and one that is to stop has its clients leave before it does.
func (f fixture) replaceReplicas(t *testing.T, wanted string, command ...string) {
	t.Helper()
	stop := f.askSteadily(t)
	f.kubectl(t, command...)
	f.kubectl(t, "rollout", "status", "-n", namespace, "deployment/redis-metrics-adapter", "--timeout=150s")
	asked := stop()
	t.Logf("to %s: %s", wanted, asked)
	asked.wantNoFailure(t, 1000)
	for _, pod := range f.adapterPods(t) {
		if got := pod.Spec.Containers[0].Image; pod.DeletionTimestamp == nil && got != wanted {
			t.Errorf("pod %s goes on with %s", pod.Name, got)
		}
	}
}

// TestReplicaIsKilled kills both replicas' processes, one after the other, under the same load. What was under way with
// the one fails, and soon after that nothing does.
func TestReplicaIsKilled(t *testing.T) {
	shared.deploySamples(t)
	for range 2 {
		shared.kubectl(t, "rollout", "status", "-n", namespace, "deployment/redis-metrics-adapter", "--timeout=90s")
		stop := shared.askSteadily(t)
		restarts := shared.restarts(t)
		killAdapter(t)
		killed := time.Now()
		await(t, time.Minute, func(context.Context) error {
			if shared.restarts(t) == restarts || time.Since(killed) < afterKill {
				return errors.New("the kubelet has not started it again")
			}
			return nil
		})
		asked := stop()
		t.Log(asked)
		if late := asked.last.Sub(killed); late > recovery {
			t.Errorf("a request failed %s after the kill, want none later than %s", late, recovery)
		}
		if asked.unknown > 0 {
			t.Errorf("%d requests found no rate, want none", asked.unknown)
		}
	}
}

func (f fixture) adapterPods(t *testing.T) []corev1.Pod {
	t.Helper()
	pods, err := f.client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pods.Items
}

func (f fixture) restarts(t *testing.T) (count int32) {
	t.Helper()
	for _, pod := range f.adapterPods(t) {
		for _, status := range pod.Status.ContainerStatuses {
			count += status.RestartCount
		}
	}
	return count
}

// killAdapter kills the older of the adapter's two processes, once there is none left of an upgrade.
func killAdapter(t *testing.T) {
	t.Helper()
	var found []int
	await(t, time.Minute, func(context.Context) error {
		var err error
		if found, err = adapters(); err == nil && len(found) != 2 {
			err = fmt.Errorf("found the adapter's processes %v, want two", found)
		}
		return err
	})
	if err := syscall.Kill(slices.Min(found), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// adapters returns the adapter's processes. All processes of the node are in the same PID namespace as this one.
func adapters() (found []int, err error) {
	all, err := procfs.AllProcs()
	for _, process := range all {
		if program, err := process.Executable(); err == nil && program == "/redis-metrics-adapter" { // not gone meanwhile
			found = append(found, process.PID)
		}
	}
	return found, err
}

// asked is what became of the requests of a steady load.
type asked struct {
	total    int
	unknown  int            // how many found a replica that did not know rates yet
	failures map[string]int // how many failed, by why
	last     time.Time      // the last failure
}

func (a asked) String() string {
	lines := []string{fmt.Sprintf("%d requests, %d of them without a rate yet", a.total, a.unknown)}
	for _, why := range slices.Sorted(maps.Keys(a.failures)) {
		lines = append(lines, fmt.Sprintf("%d failed: %s", a.failures[why], why))
	}
	return strings.Join(lines, "; ")
}

func (a asked) wantNoFailure(t *testing.T, least int) {
	t.Helper()
	if a.total < least || a.unknown > 0 || len(a.failures) > 0 {
		t.Errorf("want at least %d requests and no failure: %s", least, a)
	}
}

// askSteadily asks for the metric of the HPA until the returned function is called.
func (f fixture) askSteadily(t *testing.T) (stop func() asked) {
	return f.askFor(t, appRequests, func([]byte) error { return nil })
}

// askFor asks for a metric, whose answers must be as they are wanted, until the returned function is called.
func (f fixture) askFor(t *testing.T, path string, wrong func(answer []byte) error) (stop func() asked) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	result := asked{failures: map[string]int{}}
	ask := func() {
		answer, err := f.client.CoreV1().RESTClient().Get().AbsPath(path).DoRaw(t.Context())
		if err == nil {
			err = wrong(answer)
		}
		mu.Lock()
		defer mu.Unlock()
		result.total++
		switch {
		case err == nil:
		case strings.Contains(err.Error(), " is unknown: "):
			result.unknown++
		default:
			result.failures[err.Error()]++
			result.last = time.Now()
		}
	}
	var group sync.WaitGroup
	group.Go(func() {
		wait.NonSlidingUntilWithContext(ctx, func(context.Context) { group.Go(ask) }, askInterval)
	})
	finish := sync.OnceValue(func() asked {
		cancel()
		group.Wait()
		return result
	})
	t.Cleanup(func() { finish() })
	return finish
}
