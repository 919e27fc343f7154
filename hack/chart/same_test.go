package chart

import (
	"maps"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// components are the folders of deploy/components and the values of the chart that stand for them, in an order in which
// kustomize may list them.
var components = []struct{ folder, value string }{
	{"ha", "ha"},
	{"network-policy", "networkPolicy"},
	{"all-secrets", "allSecrets"},
	{"delegate", "delegate"},
	{"connect-anywhere", "connectAnywhere"},
	{"run-scripts", "runScripts"},
	{"prometheus", "prometheus"},
	{"cert-manager", "certManager"},
}

// apiServiceComponents decide who serves the APIServices. They exclude each other, and
// are compared together with components that change the same objects.
var apiServiceComponents = []struct{ folder, value string }{
	{"keep-apiservices", "keepAPIServices"},
	{"behind-router", "behindRouter"},
}

func TestChartRendersAPIServiceComponents(t *testing.T) {
	for _, component := range apiServiceComponents {
		for _, beside := range []struct{ folders, values []string }{
			{},
			{[]string{"delegate"}, []string{"delegate"}},
			{[]string{"all-secrets", "delegate", "cert-manager"}, []string{"allSecrets", "delegate", "certManager"}},
		} {
			folders, chosen := slices.Concat(beside.folders, []string{component.folder}), slices.Concat(beside.values, []string{component.value})
			t.Run(strings.Join(folders, "+"), func(t *testing.T) {
				t.Parallel()
				compare(t, kustomizeObjects(t, folders...), chartObjects(t, name, enabled(chosen...)))
			})
		}
	}
}

func everyComponent() (folders, values []string) {
	for _, component := range components {
		folders, values = append(folders, component.folder), append(values, component.value)
	}
	return folders, values
}

func TestChartRendersWhatKustomizeBuilds(t *testing.T) {
	// Each pair, and all but each one, since one component may change what another adds. All combinations take minutes.
	for set := range 1 << len(components) {
		if listed := bits.OnesCount(uint(set)); listed > 2 && listed < len(components)-1 {
			continue
		}
		var folders, chosen []string
		for n, component := range components {
			if set&(1<<n) != 0 {
				folders, chosen = append(folders, component.folder), append(chosen, component.value)
			}
		}
		t.Run(strings.Join(append([]string{"base"}, folders...), "+"), func(t *testing.T) {
			t.Parallel() // each takes most of a second of one processor
			compare(t, kustomizeObjects(t, folders...), chartObjects(t, name, enabled(chosen...)))
		})
	}
}

func TestChartRendersIntoAnyNamespace(t *testing.T) {
	folders, chosen := everyComponent()
	want := map[string]*unstructured.Unstructured{}
	for key, object := range kustomizeObjects(t, folders...) {
		moved := move(object.Object, "elsewhere").(map[string]any)
		want[strings.Replace(key, " "+name+" ", " elsewhere ", 1)] = &unstructured.Unstructured{Object: moved}
	}
	compare(t, want, chartObjects(t, "elsewhere", enabled(chosen...)))
}

// move returns a copy with each place that names the adapter's namespace changed.
func move(value any, namespace string) any {
	switch value := value.(type) {
	case map[string]any:
		moved := map[string]any{}
		for key, below := range value {
			if key == "namespace" && below == name {
				below = namespace
			}
			moved[key] = move(below, namespace)
		}
		return moved
	case []any:
		moved := make([]any, 0, len(value))
		for _, below := range value {
			moved = append(moved, move(below, namespace))
		}
		return moved
	case string:
		return strings.NewReplacer(
			name+"."+name+".svc", name+"."+namespace+".svc",
			name+"/"+name, namespace+"/"+name,
			":"+name+":"+name, ":"+namespace+":"+name,
		).Replace(value)
	default:
		return value
	}
}

// compare tells each difference that doc_test.go does not state.
func compare(t *testing.T, kustomize, helm map[string]*unstructured.Unstructured) {
	t.Helper()
	maps.DeleteFunc(kustomize, func(_ string, object *unstructured.Unstructured) bool { return object.GetKind() == "Namespace" })
	if diff := cmp.Diff(slices.Sorted(maps.Keys(kustomize)), slices.Sorted(maps.Keys(helm))); diff != "" {
		t.Fatalf("objects of kustomize (-) and of the chart (+):\n%s", diff)
	}
	for key, want := range kustomize {
		got := helm[key]
		for label, value := range map[string]string{"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": name + "-0.1.0"} {
			take(t, key, got, "labels", label, value)
		}
		if got.GetKind() == "CustomResourceDefinition" {
			take(t, key, got, "annotations", "helm.sh/resource-policy", "keep")
		}
		if diff := cmp.Diff(want.Object, got.Object); diff != "" {
			t.Errorf("%s of kustomize (-) and of the chart (+):\n%s", key, diff)
		}
	}
}

// take removes an entry of the metadata that only Helm's object has.
func take(t *testing.T, key string, object *unstructured.Unstructured, field, entry, want string) {
	t.Helper()
	if got, _, _ := unstructured.NestedString(object.Object, "metadata", field, entry); got != want {
		t.Errorf("%s of the chart has %s %q of %s, want %q", key, entry, got, field, want)
	}
	unstructured.RemoveNestedField(object.Object, "metadata", field, entry)
}
