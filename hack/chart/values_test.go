package chart

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/yaml"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

func TestLint(t *testing.T) {
	for _, given := range []values{nil, enabled(components...)} {
		for _, message := range lint.RunAll(directory, given, name).Messages {
			if message.Severity > support.InfoSev {
				t.Errorf("with %v: %v", given, message)
			}
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	for says, given := range map[string]values{
		"additional properties 'replicas' not allowed":     {"replicas": 3},
		"additional properties 'enable' not allowed":       {"ha": values{"enable": true}},
		"additional properties 'name' not allowed":         {"image": values{"name": "x"}},
		"additional properties 'claims' not allowed":       {"resources": values{"claims": []any{}}},
		"at '/ha/enabled': got string, want boolean":       {"ha": values{"enabled": "yes"}},
		"at '/ha': got boolean, want object":               {"ha": true},
		"at '/image/tag': got number, want string":         {"image": values{"tag": 1.2}},
		"at '/extraArgs': got string, want array":          {"extraArgs": "--v=2"},
		"at '/extraArgs/0': 'v=2' does not match pattern":  {"extraArgs": []any{"v=2"}},
		"at '/networkPolicy/redisPorts/0': maximum":        {"networkPolicy": values{"redisPorts": []any{65536}}},
		"at '/prometheus/labels/release': got boolean":     {"prometheus": values{"labels": values{"release": true}}},
		"at '/delegate/to': 'prometheus-adapter' does not": {"delegate": values{"to": "prometheus-adapter"}},
		"delegate.ca is required with delegate.to":         {"delegate": values{"enabled": true, "to": "monitoring/prometheus-adapter"}},
		"at '/image/pullPolicy': value must be one of":     {"image": values{"pullPolicy": "Often"}},
	} {
		if _, err := install(name, given); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: error %v, want one that says %q", given, err, says)
		}
	}
}

// What Helm hands to a chart within another is not a mistake of the user's.
func TestSchemaTakesGlobalValues(t *testing.T) {
	if _, err := install(name, values{"global": values{"registry": "x"}}); err != nil {
		t.Error(err)
	}
}

func TestOldKubernetesIsRefused(t *testing.T) {
	_, err := installOn("v1.33.0", name, nil)
	if err == nil || !strings.Contains(err.Error(), "kubeVersion: >=1.34.0-0") {
		t.Errorf("error %v, want one of the version", err)
	}
}

func TestValues(t *testing.T) {
	const (
		deployment = "Deployment " + name + " " + name
		pod        = ".spec.template.spec"
		container  = pod + ".containers[0]"
	)
	release := values{"enabled": true, "labels": values{"release": "stack"}}
	for _, test := range []struct {
		given              values
		object, path, want string
	}{
		{values{"image": values{"repository": "example.com/adapter", "tag": "1.2"}}, deployment, container + ".image", "example.com/adapter:1.2"},
		{values{"image": values{"pullPolicy": "Always"}}, deployment, container + ".imagePullPolicy", "Always"},
		{values{"imagePullSecrets": []any{values{"name": "registry"}}}, deployment, pod + ".imagePullSecrets", `[{"name":"registry"}]`},
		{values{"extraArgs": []any{"--v=2"}}, deployment, container + ".args", `["--secure-port=6443","--v=2"]`},
		{values{"resources": values{"limits": values{"memory": "1Gi"}}}, deployment, container + ".resources", `{"limits":{"memory":"1Gi"},"requests":{"cpu":"100m","memory":"128Mi"}}`},
		{values{"nodeSelector": values{"disk": "fast"}}, deployment, pod + ".nodeSelector", `{"disk":"fast","kubernetes.io/os":"linux"}`},
		{values{"tolerations": []any{values{"operator": "Exists"}}}, deployment, pod + ".tolerations", `[{"operator":"Exists"}]`},
		{
			values{"networkPolicy": values{"enabled": true, "redisPorts": []any{7000}}},
			"NetworkPolicy " + name + " " + name, ".spec.egress[2].ports", `[{"port":7000,"protocol":"TCP"}]`,
		},
		{
			values{"prometheus": values{"enabled": true, "serviceAccount": values{"name": "p", "namespace": "m"}}},
			"ClusterRoleBinding  redis-metrics-adapter-metrics", ".subjects", `[{"kind":"ServiceAccount","name":"p","namespace":"m"}]`,
		},
		{values{"prometheus": release}, "ServiceMonitor " + name + " " + name, ".metadata.labels.release", "stack"},
		{values{"prometheus": release}, "PrometheusRule " + name + " " + name, ".metadata.labels.release", "stack"},
		{
			values{"delegate": values{"enabled": true, "to": "monitoring/prometheus-adapter:443", "ca": "pem"}},
			"ConfigMap " + name + " " + name + "-delegate", ".data", `{"ca.crt":"pem","server-name":"","to":"monitoring/prometheus-adapter:443"}`,
		},
	} {
		if got := at(t, chartObjects(t, name, test.given)[test.object], test.path); got != test.want {
			t.Errorf("%v: %s of %s is %s, want %s", test.given, test.path, test.object, got, test.want)
		}
	}
}

// at returns what an object holds at a path, as JSON, or a text by itself.
func at(t *testing.T, object *unstructured.Unstructured, path string) string {
	t.Helper()
	if object == nil {
		t.Fatalf("no object with %s", path)
	}
	query := jsonpath.New(path)
	var found bytes.Buffer
	if err := errors.Join(query.Parse("{"+path+"}"), query.Execute(&found, object.Object)); err != nil {
		t.Fatal(err)
	}
	return found.String()
}

func TestNotesPrintTwoCommands(t *testing.T) {
	rendered, err := install(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	notes := rendered.Info.Notes
	if count := strings.Count("\n"+notes, "\nkubectl "); count != 2 {
		t.Errorf("%d commands, want 2:\n%s", count, notes)
	}
	_, document, _ := strings.Cut(notes, "<<'EOF'\n")
	document, rest, _ := strings.Cut(document, "EOF\n")
	var redis v1alpha1.Redis
	if err := yaml.UnmarshalStrict([]byte(document), &redis); err != nil {
		t.Errorf("%v in\n%s", err, document)
	}
	path := "/apis/custom.metrics.k8s.io/v1beta2/namespaces/" + redis.Namespace + "/redises." + v1alpha1.GroupName + "/" + redis.Name + "/requests-per-second"
	if redis.Spec.Address == "" || !strings.Contains(rest, path) {
		t.Errorf("the object is %+v, and what is asked for lacks %s:\n%s", redis, path, rest)
	}
}

// TestOperatorKnowsEachField decodes what is for the Prometheus operator into its own types.
func TestOperatorKnowsEachField(t *testing.T) {
	found := kustomizeObjects(t, "prometheus")
	for kind, into := range map[string]any{"ServiceMonitor": &monitoring.ServiceMonitor{}, "PrometheusRule": &monitoring.PrometheusRule{}} {
		object := found[kind+" "+name+" "+name]
		if object == nil {
			t.Fatalf("no %s", kind)
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, into, true); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
