package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

const (
	servingSecret = namespace + "-tls"
	// afterLoss is how long the load goes on after the Secret is gone, or another: longer than two passes over the
	// certificates, and than the API server takes to look at the APIServices again.
	afterLoss = 40 * time.Second
)

// testServingCertificate deletes the Secret of the serving certificate under a steady load and makes it again as the
// manifests do. No request fails, the replicas fill it, and both serve what it holds.
func testServingCertificate(t *testing.T) {
	t.Parallel()
	stop := shared.askSteadily(t)
	shared.kubectl(t, "delete", "secret", servingSecret, "-n", namespace)
	shared.kubectl(t, "create", "secret", "generic", servingSecret, "-n", namespace)
	took := shared.awaitServed(t, servingSecret, afterLoss+10*time.Second)
	asked := stop()
	t.Logf("both replicas served what the new Secret holds %s after the loss; %s", took.Round(100*time.Millisecond), asked)
	asked.wantNoFailure(t, 1000)
}

// awaitServed waits until both replicas serve the certificate in a Secret, and goes on until afterLoss is over. It
// returns how long the former took.
func (f fixture) awaitServed(t *testing.T, secret string, within time.Duration) time.Duration {
	t.Helper()
	began, took := time.Now(), time.Duration(0)
	await(t, within, func(ctx context.Context) error {
		if err := f.servesSecret(ctx, secret); err != nil {
			return err
		}
		if took == 0 {
			took = time.Since(began)
		}
		if time.Since(began) < afterLoss {
			return errors.New("the load goes on")
		}
		return nil
	})
	return took
}

// servesSecret says whether a replica serves another certificate than the one in a Secret.
func (f fixture) servesSecret(ctx context.Context, name string) error {
	secret, err := f.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return err
	}
	pods, err := f.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(pods.Items) != 2 {
		return fmt.Errorf("%d pods, want 2", len(pods.Items))
	}
	for _, pod := range pods.Items {
		served, err := cluster.ServedCertificate(ctx, net.JoinHostPort(pod.Status.PodIP, "6443"))
		if err != nil {
			return err
		}
		if !served.Equal(pair.Leaf) {
			return fmt.Errorf("pod %s serves another certificate than the one in Secret %s", pod.Name, name)
		}
	}
	return nil
}
