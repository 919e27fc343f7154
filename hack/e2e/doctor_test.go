package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/doctor"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// diagnosis is what the plugin's doctor prints.
type diagnosis struct {
	doctor.Report
	code int
}

// command makes a command that runs in the repository, with kubectl and its plugin on PATH.
func (s *scene) command(ctx context.Context, kubeconfig, name string, args ...string) (*exec.Cmd, error) {
	root, rootErr := filepath.Abs(filepath.Join("..", ".."))
	bin, binErr := filepath.Abs(os.Getenv("BIN_DIR"))
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = root
	command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "KUBECONFIG="+kubeconfig,
		"KUBECACHEDIR="+filepath.Join(s.Dir(), "kubectl-cache"))
	return command, errors.Join(rootErr, binErr)
}

// doctor runs "kubectl redis-metrics doctor" as the administrator.
func (s *scene) doctor(ctx context.Context, args ...string) (diagnosis, error) {
	return s.doctorAs(ctx, s.Kubeconfig(), args...)
}

func (s *scene) doctorAs(ctx context.Context, kubeconfig string, args ...string) (diagnosis, error) {
	kubectl := filepath.Join(os.Getenv("BIN_DIR"), "kubectl")
	command, err := s.command(ctx, kubeconfig, kubectl, append([]string{"redis-metrics", "doctor", "-n", s.namespace, "-o", "json"}, args...)...)
	if err != nil {
		return diagnosis{}, err
	}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		return diagnosis{}, err
	}
	d := diagnosis{code: command.ProcessState.ExitCode()}
	if err := json.Unmarshal(stdout.Bytes(), &d.Report); err != nil {
		return d, fmt.Errorf("doctor ended with %d and wrote %s%s: %w", d.code, stdout.String(), stderr.String(), err)
	}
	return d, nil
}

// names says how the diagnosis differs from one that names a trouble first.
func (d diagnosis) names(code string) error {
	first, _ := d.First()
	if string(first.Code) != code || first.Command == "" || d.code != d.ExitCode() || d.code == 0 {
		return fmt.Errorf("exit code %d, doctor names %q first, want %q: %+v", d.code, first.Code, code, d.Checks)
	}
	return nil
}

// diagnosed waits until doctor names a trouble first, and returns what it says.
func (s *scene) diagnosed(t *testing.T, code string, args ...string) doctor.Check {
	t.Helper()
	var first doctor.Check
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		d, err := s.doctor(ctx, args...)
		if err != nil {
			return err
		}
		first, _ = d.First()
		return d.names(code)
	})
	return first
}

// healthy waits until doctor finds no trouble.
func (s *scene) healthy(t *testing.T, args ...string) {
	t.Helper()
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		d, err := s.doctor(ctx, args...)
		if err == nil && (d.code != 0 || len(d.Checks) == 0) {
			err = fmt.Errorf("exit code %d: %+v", d.code, d.Checks)
		}
		return err
	})
}

// mend runs a command as doctor prints it.
func (s *scene) mend(t *testing.T, check doctor.Check) {
	t.Helper()
	command, err := s.command(t.Context(), s.Kubeconfig(), "/bin/sh", "-ec", check.Command)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", check.Command, err, out)
	}
}

// healthyInstallation holds that doctor finds nothing where nothing is wrong, and is useful to who may read little.
func (s *scene) healthyInstallation(t *testing.T) {
	s.autoscaler(t, "app", "redis-metrics.dev/v1alpha1", "cart", "requests-per-second")
	for _, args := range [][]string{{}, {"hpa/app"}, {"redis/cart"}, {"--pre"}} {
		s.healthy(t, args...)
	}
	for _, test := range []struct {
		args  []string
		wants []string
	}{
		{[]string{"explain", "requests-per-second", "redis/cart"}, []string{"Unit: ", "role=primary", "Series: "}},
		{[]string{"version"}, []string{"custom.metrics.k8s.io/v1beta2", "redis-metrics.dev/v1alpha1", "no pods"}},
		{[]string{"__complete", "doctor", "hpa/"}, []string{"hpa/app\n"}},
		{[]string{"doctor", "hpa/app"}, []string{"Value\n  ok        requests-per-second of Redis cart is ", "failure 0, unknown 0."}},
	} {
		command, err := s.command(t.Context(), s.Kubeconfig(), filepath.Join(os.Getenv("BIN_DIR"), "kubectl"),
			append([]string{"redis-metrics", test.args[0], "-n", s.namespace}, test.args[1:]...)...)
		if err != nil {
			t.Fatal(err)
		}
		out, err := command.CombinedOutput()
		for _, want := range test.wants {
			if !strings.Contains(string(out), want) {
				t.Errorf("%v: %v, printed\n%s\nwant %q", test.args, err, out, want)
			}
		}
	}
	s.kubectl(t, "create", "rolebinding", "viewer", "-n", s.namespace, "--clusterrole=view", "--user=viewer")
	viewer, err := s.KubeconfigForUser("viewer")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 15*time.Second, func(ctx context.Context) error {
		d, err := s.doctorAs(ctx, viewer, "hpa/app")
		if err != nil {
			return err
		}
		served := slices.ContainsFunc(d.Checks, func(c doctor.Check) bool { return c.Hop == doctor.HopValue && c.Mark == doctor.OK })
		if first, _ := d.First(); d.code != 1 || first.Mark != doctor.Unknown || !served {
			return fmt.Errorf("exit code %d: %+v", d.code, d.Checks)
		}
		return nil
	})
}

// anotherProject has an APIService of somebody else without a server.
func (s *scene) anotherProject(t *testing.T) {
	const broken = `{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1.example.com"},"spec":{
		"group":"example.com","version":"v1","groupPriorityMinimum":100,"versionPriority":100,"service":{"namespace":"none","name":"none"}}}`
	if _, err := s.KubectlInput(t.Context(), strings.NewReader(broken), "create", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	s.diagnosed(t, string(doctor.OtherAPIService))
	s.kubectl(t, "delete", "apiservice", "v1.example.com")
	s.healthy(t)
}

// TestDoctorOfAnHPA brings about what no error of the metrics API tells.
func TestDoctorOfAnHPA(t *testing.T) {
	t.Parallel()
	s := newScene(t, shared)
	s.redis(t, "cart", redistest.New(t).Addr, nil)
	awaitRequests(t, s, "cart")
	for _, test := range []struct {
		name, metric, code string
		// change is given to kubectl, with a manifest as input if there is one.
		change, manifest string
		// mends means that what doctor prints is a plain command.
		mends bool
	}{
		{name: "asleep", code: "ScalingDisabled", change: "scale statefulset/asleep --replicas=0", mends: true},
		{name: "lost", code: "TargetNotFound", change: "delete statefulset/lost"},
		{name: "unheard", metric: "speed", code: "MetricNotFound"},
		{name: "twice", code: "TargetShared", change: "autoscale statefulset/twice --name=other --max=2"},
		{name: "applied", code: "ReplicasApplied", change: "apply -f -", manifest: `"spec": {"replicas": 1, `},
		{name: "volumes", code: "VolumesDeleted", change: "replace --force -f -", mends: true,
			manifest: `"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}, "volumeClaimTemplates": [{"metadata": {"name": "data"},
				"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}], `},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s.autoscaler(t, test.name, "redis-metrics.dev/v1alpha1", "cart", cmp.Or(test.metric, "keys"))
			if test.change != "" {
				manifest := fmt.Sprintf(`{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": %[1]q}, %[2]s
					"serviceName": %[1]q, "selector": {"matchLabels": {"app": %[1]q}}, "template": {
					"metadata": {"labels": {"app": %[1]q}}, "spec": {"containers": [{"name": "app", "image": "app"}]}}}}`, test.name, test.manifest)
				if _, err := s.KubectlInput(t.Context(), strings.NewReader(manifest), append(strings.Fields(test.change), "-n", s.namespace)...); err != nil {
					t.Fatal(err)
				}
			}
			check := s.diagnosed(t, test.code, "hpa/"+test.name)
			if test.mends {
				s.mend(t, check)
				s.healthy(t, "hpa/"+test.name)
			}
		})
	}
}

// TestDoctorOfManyObjects bounds the time that doctor and top take where there is much to look at.
func TestDoctorOfManyObjects(t *testing.T) {
	const objects, autoscalers, most = 1000, 200, 3 * time.Second
	s := newScene(t, ownHouse(t))
	server := redistest.New(t)
	var all []*unstructured.Unstructured
	for i := range objects {
		all = append(all, object("redis-metrics.dev/v1alpha1", "Redis", s.namespace, fmt.Sprintf("cart-%d", i), map[string]any{
			"address": server.Addr, "sampling": map[string]any{"interval": "5m", "window": "10m", "maxAge": "10m"},
		}))
	}
	for i := range autoscalers {
		all = append(all, object("autoscaling/v2", "HorizontalPodAutoscaler", s.namespace, fmt.Sprintf("app-%d", i), map[string]any{
			"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": fmt.Sprintf("app-%d", i)}, "maxReplicas": int64(2),
			"metrics": []any{map[string]any{"type": "Object", "object": map[string]any{
				"describedObject": map[string]any{"apiVersion": "redis-metrics.dev/v1alpha1", "kind": "Redis", "name": fmt.Sprintf("cart-%d", i)},
				"metric":          map[string]any{"name": "keys"}, "target": map[string]any{"type": "AverageValue", "averageValue": "1000"},
			}}},
		}))
	}
	if err := s.Apply(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"hpa/app-7"}, {"redis/cart-7"}} {
		began := time.Now()
		if _, err := s.doctor(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		t.Logf("doctor %v took %s", args, took)
		if took > most {
			t.Errorf("doctor %v took %s, want at most %s", args, took, most)
		}
	}
	began := time.Now()
	o, err := s.overview(t.Context())
	took := time.Since(began)
	t.Logf("top took %s", took)
	if err != nil || len(o.Objects) != objects || len(o.HPAs) != autoscalers || took > 2*most {
		t.Errorf("top took %s, want at most %s, for %d objects and %d HPAs: %v", took, 2*most, len(o.Objects), len(o.HPAs), err)
	}
}

func object(version, kind, namespace, name string, spec map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": version, "kind": kind, "spec": spec}}
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}
