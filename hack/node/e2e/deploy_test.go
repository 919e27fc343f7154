package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestDeployed looks at what kubectl apply has made, as an administrator would.
func TestDeployed(t *testing.T) {
	t.Run("two replicas are ready and stay so", func(t *testing.T) {
		shared.kubectl(t, "rollout", "status", "deployment/redis-metrics-adapter", "-n", namespace, "--timeout=90s")
		pods, err := shared.client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(pods.Items) != 2 {
			t.Errorf("%d pods, want 2", len(pods.Items))
		}
		for _, pod := range pods.Items {
			if status := pod.Status.ContainerStatuses[0]; !status.Ready || status.RestartCount > 0 {
				t.Errorf("pod %s: ready %t, %d restarts", pod.Name, status.Ready, status.RestartCount)
			}
		}
	})
	t.Run("TLS is verified", func(t *testing.T) {
		for _, version := range []string{"v1beta1", "v1beta2"} {
			spec := shared.kubectl(t, "get", "apiservice", version+".custom.metrics.k8s.io", "-o", "jsonpath={.spec}")
			if !strings.Contains(spec, `"caBundle":"`) || strings.Contains(spec, "insecureSkipTLSVerify") {
				t.Errorf("%s has no authority of its own: %s", version, spec)
			}
		}
	})
	t.Run("discovery answers", func(t *testing.T) {
		for _, version := range []string{"v1beta1", "v1beta2"} {
			if text := shared.kubectl(t, "get", "--raw", "/apis/custom.metrics.k8s.io/"+version); !strings.Contains(text, "requests-per-second") {
				t.Errorf("%s: %s", version, text)
			}
		}
	})
	t.Run("logs", func(t *testing.T) {
		if text := shared.kubectl(t, "logs", "-n", namespace, "deployment/redis-metrics-adapter"); text == "" {
			t.Error("the adapter has printed nothing")
		}
	})
	t.Run("a pod that is not restricted is refused", testRestricted)
}

func testRestricted(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "root", Namespace: namespace},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "root", Image: "traffic:node"}}},
	}
	_, err := shared.client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	if err == nil || !strings.Contains(err.Error(), `violates PodSecurity "restricted:latest"`) {
		t.Errorf("got %v, want a refusal by pod security", err)
	}
}

// TestScenario is what the project began from, with nothing played: an HPA that nobody granted a right starts and stops
// pods as the traffic to a Redis with a password rises and falls.
func TestScenario(t *testing.T) {
	shared.kubectl(t, "apply", "-f", "testdata/shop.yaml")
	shared.awaitApp(t, 1, 2*time.Minute)
	if text := shared.kubectl(t, "exec", "-n", "shop", "cart-0", "--", "redis-cli", "ping"); strings.TrimSpace(text) != "PONG" {
		t.Errorf("redis-cli ping in the pod: %q", text)
	}
	// Clients send 800 each and a pod of the app 20, and a replica takes 1000.
	for _, step := range []struct{ clients, replicas int32 }{{3, 3}, {7, 5}, {1, 1}} {
		shared.kubectl(t, "scale", "-n", "shop", "deployment/clients", fmt.Sprintf("--replicas=%d", step.clients))
		began := time.Now()
		shared.awaitApp(t, step.replicas, 2*time.Minute)
		t.Logf("%d clients: %d running pods %.0fs later", step.clients, step.replicas, time.Since(began).Seconds())
	}
	metric := shared.kubectl(t, "get", "--raw",
		"/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/redises.redis-metrics.dev/cart/requests-per-second")
	t.Log(metric)
}

// awaitApp waits until the app has that many ready pods, and no other pod is left of it.
func (h house) awaitApp(t *testing.T, want int32, within time.Duration) {
	t.Helper()
	err := eventually(t.Context(), within, func(ctx context.Context) error {
		set, err := h.client.AppsV1().StatefulSets("shop").Get(ctx, "app", metav1.GetOptions{})
		if err != nil {
			return err
		}
		pods, err := h.client.CoreV1().Pods("shop").List(ctx, metav1.ListOptions{LabelSelector: "app=app"})
		if err != nil {
			return err
		}
		if *set.Spec.Replicas != want || set.Status.ReadyReplicas != want || len(pods.Items) != int(want) {
			return fmt.Errorf("%d replicas, %d ready, %d pods, want %d", *set.Spec.Replicas, set.Status.ReadyReplicas, len(pods.Items), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
