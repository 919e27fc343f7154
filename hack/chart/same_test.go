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

// components are folders of deploy/components, in an order in which kustomize may list them.
var components = []string{
	"ha", "network-policy", "all-secrets", "delegate", "connect-anywhere", "run-scripts", "prometheus", "cert-manager",
}

func TestChartRendersAPIServiceComponents(t *testing.T) {
	// They decide who serves the APIServices. They exclude each other, and are compared together with components that
	// change the same objects.
	for _, component := range []string{"keep-apiservices", "behind-router"} {
		for _, beside := range [][]string{{}, {"delegate"}, {"all-secrets", "delegate", "cert-manager"}} {
			testSame(t, append(beside, component)...)
		}
	}
}

func TestChartRendersWhatKustomizeBuilds(t *testing.T) {
	// Each pair, and all but each one, since one component may change what another adds. All combinations take minutes.
	for set := range 1 << len(components) {
		if listed := bits.OnesCount(uint(set)); listed > 2 && listed < len(components)-1 {
			continue
		}
		var chosen []string
		for n, component := range components {
			if set&(1<<n) != 0 {
				chosen = append(chosen, component)
			}
		}
		testSame(t, chosen...)
	}
}

// testSame compares the chart with kustomize, both with these components.
func testSame(t *testing.T, components ...string) {
	t.Run(strings.Join(append([]string{"base"}, components...), "+"), func(t *testing.T) {
		t.Parallel() // each takes most of a second of one processor
		compare(t, kustomizeObjects(t, components...), chartObjects(t, name, enabled(components...)))
	})
}

func TestChartRendersIntoAnyNamespace(t *testing.T) {
	want := map[string]*unstructured.Unstructured{}
	for key, object := range kustomizeObjects(t, components...) {
		moved := move(object.Object, "elsewhere").(map[string]any)
		want[strings.Replace(key, " "+name+" ", " elsewhere ", 1)] = &unstructured.Unstructured{Object: moved}
	}
	compare(t, want, chartObjects(t, "elsewhere", enabled(components...)))
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
