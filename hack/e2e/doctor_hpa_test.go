package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// hpaTroubles befall an HPA, which has the name of the row.
func hpaTroubles() []trouble {
	return []trouble{
		{code: "RedisNotFound", name: "no-object", redis: "x", quotes: `redises.redis-metrics.dev "x" not found`, fill: []string{"NAME", "up"}},
		{code: "DescribedObjectGroup", name: "core-group", version: "v1", quotes: `no matches for kind "Redis" in group ""`},
		{code: "MetricNotFound", name: "no-metric", metric: "speed", fill: []string{"METRIC", "keys"}},
		{
			code: "NoMaxmemory", name: "no-limit", metric: "memory-utilization", quotes: "memory-utilization ... maxmemory is 0",
			fill: []string{"BYTES", "1Gi"},
		},
		{code: "ValueUnknown", name: "no-lookup", metric: "keyspace-hit-ratio"},
		{
			code: "NoMatchingSeries", name: "no-series", metric: "requests-per-second", fill: []string{"LABEL", "role", "VALUE", "primary"},
			bring: patched("json", `[{"op":"add","path":"/spec/metrics/0/object/metric/selector","value":{"matchLabels":{"role":"nobody"}}}]`),
		},
		{
			code: "NoRedisMetric", name: "processors", fill: []string{"NAME", "up", "METRIC", "keys"}, next: "ScalingInactive",
			bring: patched("merge", `{"spec":{"metrics":[`+processors+`]}}`),
		},
		{
			code: "ScalingInactive", name: "inactive",
			bring: patched("json", `[{"op":"add","path":"/spec/metrics/-","value":`+processors+`}]`),
		},
		{
			code: "TargetValue", name: "total", metric: "connected-clients",
			bring: patched("json", `[{"op":"replace","path":"/spec/maxReplicas","value":4},
				{"op":"replace","path":"/spec/metrics/0/object/target","value":{"type":"Value","value":"500m"}}]`),
		},
		{
			code: "ScalingLimited", name: "limited", metric: "connected-clients", fill: []string{"MAXIMUM", "9"},
			bring: patched("json", `[{"op":"replace","path":"/spec/maxReplicas","value":1},
				{"op":"replace","path":"/spec/metrics/0/object/target/averageValue","value":"500m"}]`),
		},
		{code: "ScalingDisabled", name: "asleep", bring: kubectl("scale statefulset/asleep --replicas=0")},
		{
			code: "TargetNotFound", name: "lost", fill: []string{"NAME", "lost"},
			bring: patched("merge", `{"spec":{"scaleTargetRef":{"name":"none"}}}`),
		},
		{code: "TargetShared", name: "twice", bring: kubectl("autoscale statefulset/twice --name=other --max=2")},
		{code: "MinimumBelowBudget", name: "quorum", bring: kubectl("create poddisruptionbudget quorum --selector=app=quorum --min-available=2")},
		{code: "PodBlocksScaling", name: "blocked", bring: blockPod},
		{code: "ReplicasApplied", name: "applied", bring: manifest("apply", `"replicas": 1, `)},
		{code: "VolumesDeleted", name: "volumes", bring: manifest("replace --force", `"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"},
			"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}], `)},
		{code: "HPANotFound", name: "absent", bring: kubectl("delete hpa absent")},
	}
}

// processors is a metric of pods; this cluster serves no metrics of pods.
const processors = `{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}`

// TestDoctorOfAnHPA makes each mistake that an HPA reports or suffers from.
func TestDoctorOfAnHPA(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	up, down := redistest.New(t), redistest.New(t)
	s.redis(t, "up", up.Addr, nil)
	s.redis(t, "down", down.Addr, nil)
	awaitRequests(t, s, "down")
	s.autoscaler(t, "unreachable", "redis-metrics.dev/v1alpha1", "down", "requests-per-second")
	down.Kill()
	for _, row := range hpaTroubles() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s.hpaTrouble(t, row)
		})
	}
	t.Run("unreachable", func(t *testing.T) {
		for _, text := range []string{
			"is unknown: the newest sample is 23s old, more than maxAge 15s; the last attempt failed: the connection was refused", "FailedGetObjectMetric",
		} {
			s.awaitSaid(t, maxAge+6*syncPeriod, "unreachable", text)
		}
		s.diagnosed(t, "ConnectionRefused", "hpa/unreachable")
		down.Restart()
		s.healthy(t, "hpa/unreachable")
	})
}

// awaitSaid waits until an HPA gives the reason for not scaling that the page on troubleshooting quotes.
func (s *fixture) awaitSaid(t *testing.T, within time.Duration, name, quote string) {
	t.Helper()
	want := quoted(t, quote)
	eventually(t, within, func(ctx context.Context) error {
		said, err := s.field(ctx, "/apis/autoscaling/v2/namespaces/"+s.namespace+"/horizontalpodautoscalers/"+name,
			`{range .status.conditions[?(@.type=="ScalingActive")]}{.reason} {.message}{end}`)
		return errors.Join(err, want.in(said))
	})
}

// autoscaler makes an HPA with a workload of its own.
func (s *fixture) autoscaler(t *testing.T, name, version, redis, metric string) {
	t.Helper()
	const hpa = `{"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": %[1]q},
		"spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": %[1]q}, "maxReplicas": 2, "metrics": [{
			"type": "Object", "object": {"describedObject": {"apiVersion": %[2]q, "kind": "Redis", "name": %[3]q},
				"metric": {"name": %[4]q}, "target": {"type": "AverageValue", "averageValue": "1000"}}}]}}`
	objects := statefulSet(name, "") + fmt.Sprintf(hpa, name, version, redis, metric)
	s.kubectlInput(t, objects, "create", "-n", s.namespace, "-f", "-")
}

// statefulSet returns the manifest of a workload, with more fields of its spec.
func statefulSet(name, more string) string {
	return fmt.Sprintf(`{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": %[1]q}, "spec": {%[2]s
		"serviceName": %[1]q, "selector": {"matchLabels": {"app": %[1]q}}, "template": {
			"metadata": {"labels": {"app": %[1]q}}, "spec": {"containers": [{"name": "app", "image": "app"}]}}}}`, name, more)
}

// manifest gives kubectl the workload of a row with more fields.
func manifest(change, more string) func(*testing.T, *fixture, trouble) {
	return func(t *testing.T, s *fixture, row trouble) {
		t.Helper()
		s.kubectlInput(t, statefulSet(row.name, more), append(strings.Fields(change), "-n", s.namespace, "-f", "-")...)
	}
}

// patched changes the HPA of a row.
func patched(kind, patch string) func(*testing.T, *fixture, trouble) {
	return func(t *testing.T, s *fixture, row trouble) {
		t.Helper()
		s.kubectl(t, "patch", "hpa", row.name, "-n", s.namespace, "--type="+kind, "-p", patch)
	}
}

// kubectl runs a command in the namespace of a fixture.
func kubectl(command string) func(*testing.T, *fixture, trouble) {
	return func(t *testing.T, s *fixture, _ trouble) {
		t.Helper()
		s.kubectl(t, append(strings.Fields(command), "-n", s.namespace)...)
	}
}

// blockPod has the pod of a row not be ready, for some time already.
func blockPod(t *testing.T, s *fixture, row trouble) {
	t.Helper()
	eventually(t, 30*time.Second, func(ctx context.Context) error { return s.set(ctx, row.name, 1) })
	pods := s.client.CoreV1().Pods(s.namespace)
	pod, err := pods.Get(t.Context(), row.name+"-0", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range pod.Status.Conditions {
		if condition := &pod.Status.Conditions[i]; condition.Type == corev1.PodReady {
			condition.Status, condition.LastTransitionTime = corev1.ConditionFalse, metav1.NewTime(time.Now().Add(-5*time.Minute))
		}
	}
	if _, err := pods.UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}
