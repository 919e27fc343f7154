package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// cartRequests is what the HPA of the shop reads.
const cartRequests = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/redises.redis-metrics.dev/cart/requests-per-second"

// TestScenario is what the project began from, with nothing played: an HPA that nobody granted a right starts and stops
// pods as the traffic to a Redis with a password rises and falls.
func TestScenario(t *testing.T) {
	shared.openShop(t)
	// Clients send 800 each and a pod of the app 20, and a replica takes 1000.
	for _, step := range []struct{ clients, replicas int32 }{{3, 3}, {7, 5}, {1, 1}} {
		shared.kubectl(t, "scale", "-n", "shop", "deployment/clients", fmt.Sprintf("--replicas=%d", step.clients))
		began := time.Now()
		shared.awaitPods(t, "app", step.replicas, 2*time.Minute)
		t.Logf("%d clients: %d running pods %.0fs later", step.clients, step.replicas, time.Since(began).Seconds())
	}
	t.Log(shared.kubectl(t, "get", "--raw", cartRequests))
}

// openShop applies the shop, unless a test before has, and waits until the HPA has had its say.
func (h house) openShop(t *testing.T) {
	t.Helper()
	h.kubectl(t, "apply", "-f", "testdata/shop.yaml")
	h.awaitPods(t, "app", 1, 2*time.Minute)
	err := eventually(t.Context(), 30*time.Second, func(ctx context.Context) error {
		_, err := h.Kubectl(ctx, "get", "--raw", cartRequests)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// awaitPods waits until a StatefulSet of the shop has that many ready pods, and no other pod is left of it.
func (h house) awaitPods(t *testing.T, name string, want int32, within time.Duration) {
	t.Helper()
	err := eventually(t.Context(), within, func(ctx context.Context) error {
		set, err := h.client.AppsV1().StatefulSets("shop").Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		pods, err := h.client.CoreV1().Pods("shop").List(ctx, metav1.ListOptions{LabelSelector: "app=" + name})
		if err != nil {
			return err
		}
		if *set.Spec.Replicas != want || set.Status.ReadyReplicas != want || len(pods.Items) != int(want) {
			return fmt.Errorf("%s: %d replicas, %d ready, %d pods, want %d",
				name, *set.Spec.Replicas, set.Status.ReadyReplicas, len(pods.Items), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
