package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestTakeOverAndGiveBack runs "make deploy DELEGATE=1" where another adapter
// serves, and gives the API back, under a request each 20 ms for its metrics.
func TestTakeOverAndGiveBack(t *testing.T) {
	t.Parallel()
	if err := launcher.LeftOut(); err != nil {
		t.Skipf("the name of a Service cannot lead to this machine: %v", err)
	}
	h := emptyHarness(t)
	o := startPrometheusAdapter(t, h)
	s := newFixture(t, h)
	s.prometheusAdapterServes(t, o)
	s.standby(t, o)
	s.redis(t, "cart", redistest.New(t).Addr, nil)
	hits := "/apis/custom.metrics.k8s.io/v1beta1/namespaces/" + s.namespace + "/services/web/hits"
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		_, err := s.get(ctx, hits)
		return err
	})

	answered := s.asking(t, hits)
	manifests := s.localManifests(t, "delegate")
	out, err := s.deployFrom(t, manifests, "DELEGATE=1")
	if err != nil || !strings.Contains(out, fmt.Sprintf("sent on to monitoring/prometheus-adapter:%d", o.port)) {
		t.Fatalf("deploy says %v\n%s", err, out)
	}
	awaitRequests(t, s, "cart")
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		_, err := s.get(ctx, strings.Replace(hits, "v1beta1", "v1beta2", 1))
		return err
	})
	written := s.kubectl(t, "get", "configmap", "redis-metrics-adapter-delegate", "-n", cluster.AdapterName, "-o", `jsonpath={.data.to} {.data.ca\.crt}`)
	if want := fmt.Sprintf("monitoring/prometheus-adapter:%d %s", o.port, o.ca); written != want {
		t.Errorf("written down is %s", written)
	}
	if out, err := s.deployFrom(t, manifests, "DELEGATE=1"); err != nil { // once more changes nothing
		t.Fatalf("deploy says %v\n%s", err, out)
	}
	count := answered()
	if count < 100 {
		t.Errorf("%d requests in all while it was taken over", count)
	}

	s.keeps(t, o, manifests, hits)

	answered = s.asking(t, hits)
	s.prometheusAdapterServes(t, o)
	s.kubectl(t, "delete", "apiservice", newer)
	throughout(t, 5*time.Second, func(ctx context.Context) error {
		holder, err := s.apiService(ctx, older, "{.spec.service.name}")
		if err == nil && holder != "prometheus-adapter" {
			err = fmt.Errorf("the APIService is of %s again", holder)
		}
		return err
	})
	answered()
}

// keeps has prometheus-adapter take the API, as an upgrade of its chart does, and a replica
// of ours that may take it back.
func (s *fixture) keeps(t *testing.T, o *prometheusAdapter, manifests, hits string) {
	t.Helper()
	objects, err := s.Render(t.Context(), overlay(t, "resources: [%s]\ncomponents: [%s]\n", manifests, filepath.Join(repository(t), "deploy", "components", "keep-apiservices")))
	if err != nil {
		t.Fatal(err)
	}
	objects = slices.DeleteFunc(objects, func(object *unstructured.Unstructured) bool {
		return !strings.HasPrefix(object.GetKind(), "ValidatingAdmissionPolicy")
	})
	if err := s.Apply(t.Context(), objects); err != nil {
		t.Fatal(err)
	}
	options := delegating(t, prometheusAdapterHost, o.port, o.caFile)
	options.Name, options.Standby, options.ExtraArgs = cluster.AdapterName+"-1", true, append(options.ExtraArgs, "--apiservice=keep")
	s.prometheusAdapterServes(t, o)
	s.mayTake(t)
	answered := s.asking(t, hits)
	keeper, err := s.StartAdapter(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		eventually(t, 45*time.Second, func(ctx context.Context) error {
			holder, err := s.apiService(ctx, older, "{.spec.service.name}")
			if err == nil && holder != cluster.AdapterName {
				err = fmt.Errorf("the APIService is of %s", holder)
			}
			return err
		})
		awaitRequests(t, s, "cart")
		s.prometheusAdapterServes(t, o)
	}
	answered()
	if err := keeper.Stop(); err != nil {
		t.Fatal(err)
	}
}

// mayTake holds what the adapter may write into an APIService while prometheus-adapter has
// it, and while somebody else has.
func (s *fixture) mayTake(t *testing.T) {
	t.Helper()
	const own = `{"spec":{"service":{"namespace":"redis-metrics-adapter","name":"redis-metrics-adapter","port":443},"caBundle":"eA=="}}`
	patch := func(text string, flags ...string) error {
		args := []string{"patch", "apiservice", older, "--type=merge", "--dry-run=server", "-p", text, "--as=" + adapterAccount}
		_, err := s.Kubectl(t.Context(), append(args, flags...)...)
		return err
	}
	// The policy takes effect in a while.
	s.eventuallyEverywhere(t, 15*time.Second, func(_ context.Context, server string) error { return patch(own, server) })
	for _, text := range []string{
		strings.Replace(own, `"name":"redis-metrics-adapter"`, `"name":"another"`, 1), strings.Replace(own, `"namespace":"redis-metrics-adapter"`, `"namespace":"another"`, 1),
		strings.Replace(own, `"spec":{`, `"spec":{"versionPriority":1,`, 1), `{"spec":{"service":null,"caBundle":null}}`,
		strings.Replace(own, `"caBundle":"eA=="`, `"caBundle":null,"insecureSkipTLSVerify":true`, 1),
	} {
		if err := patch(text); err == nil || !strings.Contains(err.Error(), "the adapter may change spec.caBundle alone, or take it") {
			t.Errorf("the adapter may %s: %v", text, err)
		}
	}
	s.kubectl(t, "patch", "apiservice", newer, "--type=merge", "-p", `{"spec":{"service":{"name":"datadog","namespace":"datadog"}}}`)
	if _, err := s.Kubectl(t.Context(), "patch", "apiservice", newer, "--type=merge", "--dry-run=server", "-p", own, "--as="+adapterAccount); err == nil {
		t.Error("the adapter may take an APIService from anybody")
	}
	s.kubectl(t, "patch", "apiservice", newer, "--type=merge", "-p", `{"spec":{"service":{"name":"redis-metrics-adapter","namespace":"redis-metrics-adapter"}}}`)
}

// prometheusAdapterServes gives the older version to prometheus-adapter, as its chart does.
func (s *fixture) prometheusAdapterServes(t *testing.T, o *prometheusAdapter) {
	t.Helper()
	for _, manifest := range []string{
		`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"monitoring"}}`,
		`{"apiVersion":"v1","kind":"Service","metadata":{"name":"prometheus-adapter","namespace":"monitoring"},"spec":{"type":"ExternalName","externalName":"localhost"}}`,
		`{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"` + older + `"},"spec":{
			"group":"custom.metrics.k8s.io","version":"v1beta1","groupPriorityMinimum":100,"versionPriority":100,"caBundle":"` + base64.StdEncoding.EncodeToString(o.ca) + `",
			"service":{"namespace":"monitoring","name":"prometheus-adapter","port":` + fmt.Sprint(o.port) + `}}}`,
	} {
		s.kubectlInput(t, manifest, "apply", "--server-side", "--force-conflicts", "-f", "-")
	}
	s.kubectl(t, "wait", "--for=condition=Available", "apiservice/"+older, "--timeout=30s")
}

// standby runs our adapter, which nobody asks yet, for the pods that are not run
// here.
func (s *fixture) standby(t *testing.T, o *prometheusAdapter) {
	t.Helper()
	objects, err := s.Render(t.Context(), filepath.Join(repository(t), "deploy", "delegate"))
	if err != nil {
		t.Fatal(err)
	}
	var before []*unstructured.Unstructured
	for _, object := range objects {
		if kind := object.GetKind(); kind != "APIService" && kind != "Deployment" && kind != "Service" {
			before = append(before, object)
		}
	}
	if err := s.Apply(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	options := delegating(t, prometheusAdapterHost, o.port, o.caFile)
	options.Standby = true
	s.startAdapter(t, options)
}

// localManifests is an overlay of a folder of deploy/ in which our Service leads to this machine.
func (s *fixture) localManifests(t *testing.T, folder string) string {
	t.Helper()
	_, port, _ := strings.Cut(strings.TrimPrefix(s.adapter.BaseURL(), "https://"), ":")
	return overlay(t, `resources: [%s]
patches:
- target: {kind: Service, name: redis-metrics-adapter}
  patch: '[{"op": "replace", "path": "/spec", "value": {"type": "ExternalName", "externalName": "localhost"}}]'
- target: {kind: APIService}
  patch: '[{"op": "replace", "path": "/spec/service/port", "value": `+port+`}]'
`, filepath.Join(repository(t), "deploy", folder))
}

// overlay writes a kustomization that lists folders.
func overlay(t *testing.T, text string, folders ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var below []any
	for _, folder := range folders {
		path, err := filepath.Rel(dir, folder)
		if err != nil {
			t.Fatal(err)
		}
		below = append(below, path)
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), fmt.Appendf(nil, text, below...), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// asking asks for a path each 20 ms until the returned function is called, which
// fails the test if a request failed, and returns how many there were.
func (s *fixture) asking(t *testing.T, path string) func() int {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	count, failed := 0, map[string]int{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			count++
			if code, body := s.raw(t.Context(), s.client, path, "application/json"); code != 200 {
				failed[fmt.Sprintf("%s: %d %s", time.Now().Format(time.TimeOnly), code, body)]++
			}
		}
	}()
	return func() int {
		t.Helper()
		stop()
		<-done
		if len(failed) > 0 {
			t.Errorf("of %d requests failed %v", count, failed)
		}
		t.Logf("%d requests, %d failed", count, len(failed))
		return count
	}
}
