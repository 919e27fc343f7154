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
	samples     = "../../../deploy/samples"
	redisName   = "my-redis"
	app         = "app-statefulset"
	appRequests = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/redises.redis-metrics.dev/my-redis/requests-per-second"
)

// deploySamples applies a Redis with user, password and TLS, the app and its HPA, unless a test before has, and waits until
// the HPA has had its say.
func (f fixture) deploySamples(t *testing.T) {
	t.Helper()
	if f.kubectl(t, "get", "secret", "my-redis-server", "--ignore-not-found", "-o", "name") == "" {
		f.makeSecrets(t)
	}
	f.kubectl(t, "apply", "-f", "testdata/redis.yaml")
	f.kubectl(t, "rollout", "status", "statefulset/"+redisName, "--timeout=60s")
	f.kubectl(t, "apply", "-k", samples+"-secret")
	f.kubectl(t, "apply", "-f", "testdata/app.yaml", "-f", samples+"/hpa-averagevalue.yaml")
	f.awaitPods(t, app, 1, 2*time.Minute)
	// What the sample grants is seen when the adapter reads again what the object names.
	await(t, time.Minute, func(ctx context.Context) error {
		_, err := f.Kubectl(ctx, "get", "--raw", appRequests)
		return err
	})
}

// makeSecrets runs the commands that the sample names, with certificates of an authority that nobody else trusts.
func (f fixture) makeSecrets(t *testing.T) {
	t.Helper()
	authority, dir := redistest.NewAuthority(t), t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	f.kubectl(t, "create", "configmap", "my-redis-ca", "--from-file=ca.crt="+write("ca.crt", authority.PEM))
	ends := time.Now().Add(23 * time.Hour)
	for name, host := range map[string]string{"my-redis-server": "my-redis.default.svc", "my-redis-client": "client"} {
		certificate, key := authority.Issue(ends, host)
		f.kubectl(t, "create", "secret", "tls", name, "--cert="+write(name+".crt", certificate), "--key="+write(name+".key", key))
	}
	for name, password := range map[string]string{"my-redis-auth": "correct-horse-battery-staple", "my-redis-password": "open-sesame-81"} {
		f.kubectl(t, "create", "secret", "generic", name, "--from-literal=password="+password)
	}
}

func (f fixture) redis(t *testing.T, command ...string) string {
	t.Helper()
	client := []string{"exec", "my-redis-0", "--", "redis-cli", "--tls", "--cacert", "/tls/ca.crt", "--cert", "/tls/tls.crt", "--key", "/tls/tls.key"}
	return strings.TrimSpace(f.kubectl(t, append(client, command...)...))
}

// awaitPods waits until a StatefulSet has that many ready pods, and no other pod is left of it.
func (f fixture) awaitPods(t *testing.T, name string, want int32, within time.Duration) {
	t.Helper()
	await(t, within, func(ctx context.Context) error {
		set, err := f.client.AppsV1().StatefulSets(metav1.NamespaceDefault).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		pods, err := f.client.CoreV1().Pods(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + name})
		if err != nil {
			return err
		}
		if *set.Spec.Replicas != want || set.Status.ReadyReplicas != want || len(pods.Items) != int(want) {
			return fmt.Errorf("%s: %d replicas, %d ready, %d pods, want %d",
				name, *set.Spec.Replicas, set.Status.ReadyReplicas, len(pods.Items), want)
		}
		return nil
	})
}
