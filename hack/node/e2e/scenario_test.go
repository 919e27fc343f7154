package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestScenario is what the project began from, with nothing played: HPAs that nobody granted a right start and stop
// pods by a Redis with user, password and TLS. Meanwhile the adapter loses the Secret of its serving certificate.
func TestScenario(t *testing.T) {
	shared.deploySamples(t)
	t.Run("traffic", testTraffic)
	t.Run("queue", testQueue)
	t.Run("serving certificate", testServingCertificate)
}

// testTraffic has the traffic rise and fall.
func testTraffic(t *testing.T) {
	t.Parallel()
	// Clients send 800 each and a pod of the app 20, and a replica takes 1000.
	for _, step := range []struct{ clients, replicas int32 }{{3, 3}, {7, 5}, {1, 1}} {
		shared.kubectl(t, "scale", "deployment/clients", fmt.Sprintf("--replicas=%d", step.clients))
		began := time.Now()
		shared.awaitPods(t, app, step.replicas, 3*time.Minute)
		t.Logf("%d clients: %d running pods %.0fs later", step.clients, step.replicas, time.Since(began).Seconds())
		if first := shared.firstReady(t, app, began); first > 0 {
			t.Logf("the first of the new pods was ready after %.0fs", first.Seconds())
		}
	}
	t.Log(shared.kubectl(t, "get", "--raw", appRequests))
}

// testQueue wakes workers from zero for the jobs in a list, and sends them home when all are done. No job is lost.
func testQueue(t *testing.T) {
	t.Parallel()
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

// firstReady returns how long it took until the first of the pods that were made since an instant was ready, to the
// second; zero if none was made.
func (f fixture) firstReady(t *testing.T, name string, since time.Time) time.Duration {
	t.Helper()
	pods, err := f.client.CoreV1().Pods(metav1.NamespaceDefault).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + name})
	if err != nil {
		t.Fatal(err)
	}
	var took []time.Duration
	for _, pod := range pods.Items {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && pod.CreationTimestamp.After(since) {
				took = append(took, condition.LastTransitionTime.Sub(since))
			}
		}
	}
	if len(took) == 0 {
		return 0
	}
	return slices.Min(took)
}
