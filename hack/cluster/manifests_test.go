package cluster

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: redis-metrics-adapter}
spec:
  template:
    spec:
      containers:
      - name: adapter
        args: [--secure-port=6443, --identity=$(POD_NAME), --v=2]
        env:
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: GOMEMLIMIT, value: 400MiB}
`

func decode(t *testing.T, documents ...string) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	for _, document := range documents {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return objects
}

func TestLocalize(t *testing.T) {
	objects := decode(t, deployment,
		"{apiVersion: v1, kind: Service, spec: {type: ClusterIP, selector: {a: b}, ports: [{port: 443}]}}",
		"{apiVersion: apiregistration.k8s.io/v1, kind: APIService, spec: {service: {name: s, port: 443}}}",
		"{apiVersion: v1, kind: Namespace, metadata: {name: n}}",
	)
	kept, container, err := localize(objects, 12345)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, object := range kept {
		kinds = append(kinds, object.GetKind())
	}
	if want := []string{"Service", "APIService", "Namespace"}; !slices.Equal(kinds, want) {
		t.Errorf("kept %v, want %v", kinds, want)
	}
	if _, found, _ := unstructured.NestedMap(kept[0].Object, "spec", "selector"); found {
		t.Error("the Service still selects pods")
	}
	if port, _, _ := unstructured.NestedInt64(kept[1].Object, "spec", "service", "port"); port != 12345 {
		t.Errorf("the APIService's port is %d, want 12345", port)
	}
	env := container.environment("adapter-0")
	if !slices.Contains(env, "GOMEMLIMIT=400MiB") {
		t.Errorf("environment %v lacks the Deployment's own", env)
	}
	got := mergeArgs(expand(container.args, env), "--secure-port=1")
	if want := []string{"--identity=adapter-0", "--v=2", "--secure-port=1"}; !slices.Equal(got, want) {
		t.Errorf("arguments %v, want %v", got, want)
	}
}

func TestLocalizeNeedsDeployment(t *testing.T) {
	_, _, err := localize(decode(t, "{apiVersion: v1, kind: Service}"), 1)
	if err == nil || !strings.Contains(err.Error(), "no Deployment") {
		t.Errorf("error %v, want one that misses the Deployment", err)
	}
}
