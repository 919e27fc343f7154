package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestDeployed looks at what kubectl apply has made, as an administrator would.
func TestDeployed(t *testing.T) {
	t.Logf("control plane and node were ready after %.1fs, and the metrics served %.1fs after kubectl apply",
		shared.started.Seconds(), shared.served.Seconds())
	t.Run("two replicas are ready and stay so", func(t *testing.T) {
		shared.kubectl(t, "rollout", "status", "deployment/redis-metrics-adapter", "-n", namespace, "--timeout=90s")
		pods := shared.adapterPods(t)
		if len(pods) != 2 {
			t.Errorf("%d pods, want 2", len(pods))
		}
		for _, pod := range pods {
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
