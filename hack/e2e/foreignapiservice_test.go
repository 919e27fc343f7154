package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

const (
	older = "v1beta1.custom.metrics.k8s.io"
	newer = "v1beta2.custom.metrics.k8s.io"
)

// TestForeignAPIServiceIsLeftAlone gives one of the APIServices to another Service while the adapter runs, and has the
// adapter start again.
func TestForeignAPIServiceIsLeftAlone(t *testing.T) {
	t.Parallel()
	h := ownHarness(t)
	s, _ := newSampled(t, h)
	s.awaitCondition(t, 15*time.Second, "cart", "Ready", "True", "Sampled")

	give := func(namespace, service string) {
		s.kubectl(t, "patch", "apiservice", newer, "--type=merge", "-p",
			fmt.Sprintf(`{"spec":{"service":{"namespace":%q,"name":%q}}}`, namespace, service))
	}
	give("monitoring", "prometheus-adapter")
	s.kubectl(t, "patch", "apiservice", newer, "--type=merge", "-p", `{"spec":{"caBundle":null}}`)
	spec := func() string { return s.kubectl(t, "get", "apiservice", newer, "-o", "jsonpath={.spec}") }
	before := spec()
	s.awaitCondition(t, 60*time.Second, "cart", "Ready", "False", "APIServiceForeign")
	if err := h.adapter.Process.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	awaitMetrics(t, h,
		`redis_metrics_adapter_apiservice_foreign{apiservice="`+older+`"} 0`,
		`redis_metrics_adapter_apiservice_foreign{apiservice="`+newer+`"} 1`)
	if log := h.adapter.LogTail(200); !strings.Contains(log, "APIService belongs to another Service and is left alone") ||
		!strings.Contains(log, `service="monitoring/prometheus-adapter"`) {
		t.Errorf("the log does not say to whom it belongs:\n%s", log)
	}
	_, err := h.StartAdapter(t.Context(), cluster.AdapterOptions{
		Name: "redis-metrics-adapter-1", Standby: true, ExtraArgs: []string{"--exit-on-foreign-apiservice"},
	})
	if err == nil || !strings.Contains(err.Error(), "--exit-on-foreign-apiservice: "+newer+": spec.service is not") {
		t.Errorf("the one that is to exit: %v", err)
	}
	if after := spec(); after != before {
		t.Errorf("another's APIService was\n%s\nand is\n%s", before, after)
	}

	// Nobody stands behind the other Service, so there are no metrics to keep.
	s.mend(t, s.diagnosed(t, "APIServiceForeign", "redis/cart"), "DELEGATE=1", "FORCE=1")
	if err := h.adapter.Route(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.awaitCondition(t, 60*time.Second, "cart", "Ready", "True", "Sampled")
	eventually(t, 60*time.Second, func(ctx context.Context) error {
		_, err := s.requests(ctx, "cart")
		return err
	})
}

// deployRefusesToSteal runs what "make deploy" runs in a cluster where another adapter serves.
func (s fixture) deployRefusesToSteal(t *testing.T) {
	s.foreignServes(t)
	out, err := s.deploy(t)
	for _, want := range []string{"APIService " + older + " belongs to the Service monitoring/prometheus-adapter", "Nothing was applied", "FORCE=1"} {
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("deploy says %v and\n%s\nwant %q", err, out, want)
		}
	}
	if strings.Contains(out, newer) {
		t.Errorf("what does not exist belongs to nobody:\n%s", out)
	}
	if _, err := s.Kubectl(t.Context(), "get", "namespace", cluster.AdapterName); err == nil {
		t.Error("something was applied")
	}
	for _, env := range []string{"FORCE=1", "FORCE="} { // what is its own is applied again without a word
		if out, err := s.deploy(t, env); err != nil {
			t.Fatalf("%s: %v\n%s", env, err, out)
		}
	}
	for _, name := range []string{older, newer} {
		if holder := s.kubectl(t, "get", "apiservice", name, "-o", "jsonpath={.spec.service.name}"); holder != cluster.AdapterName {
			t.Errorf("%s belongs to %q", name, holder)
		}
	}
}

func (s fixture) deploy(t *testing.T, env ...string) (string, error) {
	t.Helper()
	return s.deployFrom(t, filepath.Join(repository(t), "deploy", "base"), env...)
}

func (s fixture) deployFrom(t *testing.T, manifests string, env ...string) (string, error) {
	t.Helper()
	command, err := s.command(t.Context(), s.Kubeconfig(), "hack/deploy.sh", manifests)
	if err != nil {
		t.Fatal(err)
	}
	command.Env = append(command.Env, env...)
	out, err := command.CombinedOutput()
	return string(out), err
}
