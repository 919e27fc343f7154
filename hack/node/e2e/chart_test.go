package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The release has another name and namespace than the adapter, which deploy/README.md says it may.
const releaseName, releaseNamespace = "metrics", "observability"

// testChart installs the chart, upgrades it by values and uninstalls it, with pods that start. That the chart holds the
// same as kustomize, that an upgrade brings the new CRD and that another's APIService stands in the way is shown
// elsewhere, without pods.
func testChart(t *testing.T) {
	r := shared.release(t, releaseName, releaseNamespace)
	began := time.Now()
	given := values{"image": values{"tag": "dev"}}
	if err := r.install(t.Context(), given); err != nil {
		t.Fatal(err)
	}
	await(t, deployed, shared.available)
	t.Logf("custom metrics served %.1fs after helm install", time.Since(began).Seconds())
	shared.kubectl(t, "label", "namespace", releaseNamespace, "pod-security.kubernetes.io/enforce=restricted")

	given["allSecrets"], given["ha"] = values{"enabled": true}, values{"enabled": true}
	r.upgrade(t, given)
	// No namespace has granted anything to this release's ServiceAccount.
	shared.kubectl(t, "apply", "-f", "testdata/redis.yaml", "-f", samples+"-secret/redis.yaml")
	await(t, time.Minute, func(ctx context.Context) error {
		_, err := shared.Kubectl(ctx, "get", "--raw", appRequests)
		return errors.Join(err, shared.replicasReady(ctx, 2))
	})

	shared.withoutPods(t)

	shared.kubectl(t, "delete", "service", redisName)
	r.uninstall(t)
	shared.nothingLeft(t)
}

// withoutPods removes the adapter's pods, and checks what the page on troubleshooting says about that.
func (f fixture) withoutPods(t *testing.T) {
	t.Helper()
	f.kubectl(t, "scale", "deployment/redis-metrics-adapter", "-n", releaseNamespace, "--replicas=0")
	await(t, time.Minute, func(ctx context.Context) error {
		err := f.available(ctx)
		if err != nil && strings.Contains(err.Error(), `"reason":"MissingEndpoints"`) {
			return nil
		}
		return errors.Join(errors.New("without a pod the APIServices are not MissingEndpoints"), err)
	})
}

// replicasReady says whether the release has other than so many ready pods.
func (f fixture) replicasReady(ctx context.Context, want int32) error {
	deployment, err := f.client.AppsV1().Deployments(releaseNamespace).Get(ctx, "redis-metrics-adapter", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if status := deployment.Status; status.UpdatedReplicas != want || status.ReadyReplicas != want || status.Replicas != want {
		return fmt.Errorf("%d pods, %d new, %d ready, want %d", status.Replicas, status.UpdatedReplicas, status.ReadyReplicas, want)
	}
	return nil
}
