package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// The samples of deploy/ that are applied as they are, and what of them the tests ask about.
const (
	samples   = "../../../deploy/samples"
	redisName = "my-redis"
	app       = "app-statefulset"
	// appRequests is what the HPA of the app reads.
	appRequests = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/redises.redis-metrics.dev/my-redis/requests-per-second"
)

// openShop applies a Redis with user, password and TLS, the app and its HPA, unless a test before has, and waits until
// the HPA has had its say.
func (h house) openShop(t *testing.T) {
	t.Helper()
	if h.kubectl(t, "get", "secret", "my-redis-server", "--ignore-not-found", "-o", "name") == "" {
		h.makeSecrets(t)
	}
	h.kubectl(t, "apply", "-f", "testdata/redis.yaml")
	h.kubectl(t, "rollout", "status", "statefulset/"+redisName, "--timeout=60s")
	h.kubectl(t, "apply", "-k", samples+"-secret")
	h.kubectl(t, "apply", "-f", "testdata/app.yaml", "-f", samples+"/hpa-averagevalue.yaml")
	h.awaitPods(t, app, 1, 2*time.Minute)
	// What the sample grants is seen when the adapter reads again what the object names.
	err := eventually(t.Context(), time.Minute, func(ctx context.Context) error {
		_, err := h.Kubectl(ctx, "get", "--raw", appRequests)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// makeSecrets runs the commands that the sample names, with certificates of an authority that nobody else trusts.
func (h house) makeSecrets(t *testing.T) {
	t.Helper()
	authority, dir := redistest.NewAuthority(t), t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	h.kubectl(t, "create", "configmap", "my-redis-ca", "--from-file=ca.crt="+write("ca.crt", authority.PEM))
	ends := time.Now().Add(23 * time.Hour)
	for name, host := range map[string]string{"my-redis-server": "my-redis.default.svc", "my-redis-client": "client"} {
		certificate, key := authority.Issue(ends, host)
		h.kubectl(t, "create", "secret", "tls", name, "--cert="+write(name+".crt", certificate), "--key="+write(name+".key", key))
	}
	for name, password := range map[string]string{"my-redis-auth": "correct-horse-battery-staple", "my-redis-password": "open-sesame-81"} {
		h.kubectl(t, "create", "secret", "generic", name, "--from-literal=password="+password)
	}
}

// redis runs redis-cli in the pod of the Redis.
func (h house) redis(t *testing.T, command ...string) string {
	t.Helper()
	client := []string{"exec", "my-redis-0", "--", "redis-cli", "--tls", "--cacert", "/tls/ca.crt", "--cert", "/tls/tls.crt", "--key", "/tls/tls.key"}
	return strings.TrimSpace(h.kubectl(t, append(client, command...)...))
}

// awaitPods waits until a StatefulSet has that many ready pods, and no other pod is left of it.
func (h house) awaitPods(t *testing.T, name string, want int32, within time.Duration) {
	t.Helper()
	err := eventually(t.Context(), within, func(ctx context.Context) error {
		set, err := h.client.AppsV1().StatefulSets(metav1.NamespaceDefault).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		pods, err := h.client.CoreV1().Pods(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + name})
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
