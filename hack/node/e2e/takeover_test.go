package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/action"

	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
)

// appKeys is a metric whose value the test knows, since the clients of the samples write the same 100 keys over and over.
const appKeys = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/redises.redis-metrics.dev/my-redis/keys"

// testTakeOver makes a release of what kustomize applied, upgrades it and uninstalls it, as deploy/README.md says. Until
// the end no request fails, and none is answered by another value than the true one.
func testTakeOver(t *testing.T) {
	overlay := filepath.Join(t.TempDir(), "overlay")
	if err := writeOverlay(overlay, "ha"); err != nil {
		t.Fatal(err)
	}
	shared.kubectl(t, "apply", "-k", overlay)
	await(t, deployed, shared.available)
	shared.deploySamples(t)
	shared.kubectl(t, "rollout", "status", "-n", namespace, "deployment/redis-metrics-adapter", "--timeout=90s")
	isTrue := shared.knownKeys(t)
	stopRates, stopKeys := shared.askSteadily(t), shared.askFor(t, appKeys, isTrue)

	r := shared.release(t, "redis-metrics-adapter", namespace)
	given := values{"image": values{"tag": "dev"}, "ha": values{"enabled": true}}
	if err := r.install(t.Context(), given); err == nil || !strings.Contains(err.Error(), "cannot be imported") {
		t.Errorf("without --take-ownership: %v, want that it cannot be imported", err)
	}
	if err := r.install(t.Context(), given, func(install *action.Install) {
		install.TakeOwnership, install.ServerSideApply = true, false
	}); err != nil {
		t.Fatal(err)
	}
	shared.isOfRelease(t)
	given["image"] = values{"tag": "next"}
	r.upgrade(t, given)
	shared.kubectl(t, "rollout", "status", "-n", namespace, "deployment/redis-metrics-adapter", "--timeout=150s")

	for metric, stop := range map[string]func() asked{"requests-per-second": stopRates, "keys": stopKeys} {
		asked := stop()
		t.Logf("%s: %s", metric, asked)
		asked.wantNoFailure(t, 500)
	}
	shared.kubectl(t, "delete", "service", redisName)
	r.uninstall(t)
	shared.nothingLeft(t)
}

// knownKeys writes three more, waits until the number of all is served, and returns what tells any other from it.
func (f fixture) knownKeys(t *testing.T) (isTrue func(answer []byte) error) {
	t.Helper()
	f.redis(t, "mset", "one", "1", "two", "2", "three", "3")
	const want = "103"
	isTrue = func(answer []byte) error {
		var list v1beta2.MetricValueList
		if err := json.Unmarshal(answer, &list); err != nil {
			return err
		}
		if len(list.Items) != 1 || list.Items[0].Value.String() != want {
			return fmt.Errorf("want %s keys: %s", want, answer)
		}
		return nil
	}
	await(t, time.Minute, func(ctx context.Context) error {
		if held := f.redis(t, "dbsize"); held != want {
			return fmt.Errorf("Redis holds %s keys, want %s", held, want)
		}
		answer, err := f.Kubectl(ctx, "get", "--raw", appKeys)
		if err != nil {
			return err
		}
		return isTrue([]byte(answer))
	})
	return isTrue
}

// isOfRelease looks at one object of each life: what kustomize made is Helm's now, and what it made alone is left.
func (f fixture) isOfRelease(t *testing.T) {
	t.Helper()
	for _, object := range []string{
		"deployment/redis-metrics-adapter", "poddisruptionbudget/redis-metrics-adapter", "clusterrole/redis-metrics-adapter",
		"apiservice/v1beta2.custom.metrics.k8s.io", "crd/redises.redis-metrics.dev",
	} {
		const by = `jsonpath={.metadata.labels.app\.kubernetes\.io/managed-by} {.metadata.annotations.meta\.helm\.sh/release-name}`
		if got := f.kubectl(t, "get", object, "-n", namespace, "-o", by); got != "Helm redis-metrics-adapter" {
			t.Errorf("%s is of %q", object, got)
		}
	}
	const level = `jsonpath={.metadata.labels.pod-security\.kubernetes\.io/enforce}`
	if got := f.kubectl(t, "get", "namespace", namespace, "-o", level); got != "restricted" {
		t.Errorf("the namespace enforces %q", got)
	}
}
