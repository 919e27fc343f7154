package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
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
	s := newFixture(t, h)
	s.redis(t, "cart", redistest.New(t).Addr, nil)
	awaitRequests(t, s, "cart")
	eventually(t, 15*time.Second, func(ctx context.Context) error { return s.condition(ctx, "cart", "Ready", "True", "Sampled") })

	give := func(namespace, service string) {
		s.kubectl(t, "patch", "apiservice", newer, "--type=merge", "-p",
			fmt.Sprintf(`{"spec":{"service":{"namespace":%q,"name":%q}}}`, namespace, service))
	}
	give("monitoring", "prometheus-adapter")
	s.kubectl(t, "patch", "apiservice", newer, "--type=merge", "-p", `{"spec":{"caBundle":null}}`)
	spec := func() string { return s.kubectl(t, "get", "apiservice", newer, "-o", "jsonpath={.spec}") }
	before := spec()
	eventually(t, 60*time.Second, func(ctx context.Context) error {
		return s.condition(ctx, "cart", "Ready", "False", "APIServiceForeign")
	})
	if err := h.adapter.Process.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := operatorsMetrics(t, h)
	for _, series := range []string{
		`redis_metrics_adapter_apiservice_foreign{apiservice="` + older + `"} 0`,
		`redis_metrics_adapter_apiservice_foreign{apiservice="` + newer + `"} 1`,
	} {
		if !strings.Contains(out, series) {
			t.Errorf("/metrics lacks %s", series)
		}
	}
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

	s.mend(t, s.diagnosed(t, "APIServiceForeign", "redis/cart"))
	if err := h.adapter.Route(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, 60*time.Second, func(ctx context.Context) error { return s.condition(ctx, "cart", "Ready", "True", "Sampled") })
	eventually(t, 60*time.Second, func(ctx context.Context) error {
		_, err := s.requests(ctx, "cart")
		return err
	})
}

// TestDeployRefusesToSteal runs what "make deploy" runs in a cluster where another adapter serves.
func TestDeployRefusesToSteal(t *testing.T) {
	t.Parallel()
	s := fixture{harness: emptyHarness(t)}
	const foreign = `{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"` + older + `"},"spec":{
		"group":"custom.metrics.k8s.io","version":"v1beta1","groupPriorityMinimum":100,"versionPriority":100,
		"service":{"namespace":"monitoring","name":"prometheus-adapter"},"caBundle":"eA=="}}`
	if _, err := s.KubectlInput(t.Context(), strings.NewReader(foreign), "create", "-f", "-"); err != nil {
		t.Fatal(err)
	}
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

// emptyHarness is a control plane without an adapter.
func emptyHarness(t *testing.T, change ...func(*cluster.Options)) harness {
	t.Helper()
	options := cluster.Options{Log: os.Stderr}
	for _, each := range change {
		each(&options)
	}
	c, err := cluster.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(c.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(c.Err(), c.Stop()); err != nil {
			t.Error(err)
		}
	})
	return harness{Cluster: c, client: client}
}

func (s fixture) deploy(t *testing.T, env ...string) (string, error) {
	t.Helper()
	return s.deployFrom(t, filepath.Join(repository(t), "deploy", "base"), env...)
}

func (s fixture) deployFrom(t *testing.T, manifests string, env ...string) (string, error) {
	t.Helper()
	bin, err := filepath.Abs(os.Getenv("BIN_DIR"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), filepath.Join(repository(t), "hack", "deploy.sh"), manifests)
	command.Env = append(os.Environ(), append(env, "PATH="+bin+":"+os.Getenv("PATH"), "KUBECONFIG="+s.Kubeconfig())...)
	out, err := command.CombinedOutput()
	return string(out), err
}
