package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

const kedaModule = "github.com/kedacore/keda/v2"

// What KEDA's documentation says to raise for 400 ScaledObjects or more, to the values by which a user with 1,600 got rid of
// throttling. With the defaults, less than half of 1,000 new ones had an HPA after 6 minutes.
// Sources: https://keda.sh/troubleshooting/2.18/api-server-throttling, https://github.com/kedacore/keda/issues/3730
const (
	apiRate    = "--kube-api-qps=100"
	apiBurst   = "--kube-api-burst=150"
	reconciles = "KEDA_SCALEDOBJECT_CTRL_MAX_RECONCILES=20"
)

// keda is KEDA's operator, which reads Redis and owns the HPAs, and its metrics API server, which asks the operator.
type keda struct{ plane *plane }

func (k *keda) name() string { return "KEDA" }

// metrics lacks requests: KEDA's scalers for Redis read lists and streams only.
func (k *keda) metrics() []metric { return []metric{jobs} }

// pollingInterval is how often KEDA looks whether to scale from 0 or to it. Between these the HPA controller scales, and
// each of its requests reads Redis.
func (k *keda) pollingInterval(s setting) int {
	switch s {
	case fastest:
		return 1
	case fresh:
		return 5
	}
	return 30
}

func (k *keda) configuration(s setting) string {
	return fmt.Sprintf("pollingInterval %d, %s %s, %s", k.pollingInterval(s), apiRate, apiBurst, reconciles)
}

// window is none: the length of a list is of one instant.
func (k *keda) window(setting) time.Duration { return 0 }

func (k *keda) manifests(w workload) string {
	text := fmt.Sprintf(`---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: %[1]s}
  minReplicaCount: 0
  maxReplicaCount: %[2]d
  cooldownPeriod: 0
`, w.name(), mostReplicas)
	if w.setting != recommended {
		text += fmt.Sprintf("  pollingInterval: %d\n", k.pollingInterval(w.setting))
	}
	trigger, field, more := "redis", "address", ""
	switch w.kind {
	case sentinel:
		trigger, field, more = "redis-sentinel", "addresses", "      sentinelMaster: "+masterName+"\n"
	case sharded:
		trigger, field = "redis-cluster", "addresses"
	}
	return text + fmt.Sprintf("  triggers:\n  - type: %s\n    metadata:\n      %s: %q\n      listName: %s\n      listLength: \"%d\"\n%s",
		trigger, field, strings.Join(w.addresses, ","), list, w.target, more)
}

func (k *keda) configures(workload) (once, each string) { return "", "" }

func (k *keda) path(w workload) string {
	return fmt.Sprintf("/apis/external.metrics.k8s.io/v1beta1/namespaces/%s/s0-redis-%s?labelSelector=scaledobject.keda.sh%%2Fname%%3D%s", namespace, list, w.name())
}

func (k *keda) start(b *testing.B, p *plane) {
	b.Helper()
	k.plane = p
	kinds := binary(b, filepath.Join("crds", "keda"))
	for _, args := range [][]string{{"apply", "--server-side"}, {"wait", "--for=condition=Established", "--timeout=30s"}} {
		if _, err := p.Kubectl(b.Context(), append(args, "--filename="+kinds)...); err != nil {
			b.Fatal(err)
		}
	}
	const service = "keda-metrics-apiserver"
	dir, grpc, health, port := b.TempDir(), freeAddress(b), freeAddress(b), freePort(b)
	certificates(b, dir, service+"."+systemNamespace+".svc", "127.0.0.1")
	env := append(os.Environ(), "KUBECONFIG="+p.Kubeconfig(), "POD_NAMESPACE="+systemNamespace, "KEDA_CLUSTER_OBJECT_NAMESPACE="+systemNamespace, "WATCH_NAMESPACE=", reconciles)
	// The arguments come from KEDA's own manifests. Only addresses, files and the rate at the API server differ.
	p.runModule(b, kedaModule, cluster.Program{
		Name: "keda-operator", Path: binary(b, "keda-operator"), Env: env, Ready: cluster.HTTPReady("http://" + health + "/readyz"),
		Args: []string{
			"--leader-elect", apiRate, apiBurst, "--zap-log-level=info", "--zap-encoder=console", "--zap-time-encoding=rfc3339", "--cert-dir=" + dir,
			"--metrics-bind-address=" + freeAddress(b), "--health-probe-bind-address=" + health, "--metrics-service-bind-address=" + grpc,
		},
	})
	p.runModule(b, kedaModule, cluster.Program{
		Name: "keda-adapter", Path: binary(b, "keda-adapter"), Env: env, Ready: cluster.HTTPReady(fmt.Sprintf("https://127.0.0.1:%d/readyz", port)),
		Args: []string{
			apiRate, apiBurst, "--zap-log-level=error", "--client-ca-file=" + dir + "/ca.crt", "--tls-cert-file=" + dir + "/tls.crt", "--tls-private-key-file=" + dir + "/tls.key",
			"--cert-dir=" + dir, "--metrics-service-address=" + grpc, "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port), fmt.Sprintf("--port=%d", freePort(b)),
			"--authentication-kubeconfig=" + p.Kubeconfig(), "--authorization-kubeconfig=" + p.Kubeconfig(), "--lister-kubeconfig=" + p.Kubeconfig(),
		},
	})
	if err := p.Route(b.Context(), systemNamespace, service, port, "v1beta1.external.metrics.k8s.io"); err != nil {
		b.Fatal(err)
	}
}

func (k *keda) watch(b *testing.B, all []workload) {
	b.Helper()
	k.plane.apply(b, all, k.manifests)
}
