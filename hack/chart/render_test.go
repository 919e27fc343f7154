package chart

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	release "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	directory = "../../deploy/chart"
	name      = "redis-metrics-adapter"
)

// values are what a user hands to Helm.
type values = map[string]any

var word = regexp.MustCompile(`-\w`)

// enabled returns the values that stand for components: certManager for cert-manager.
func enabled(components ...string) values {
	given := values{}
	for _, component := range components {
		component = strings.Replace(component, "apiservices", "APIServices", 1)
		given[word.ReplaceAllStringFunc(component, func(word string) string { return strings.ToUpper(word[1:]) })] = values{"enabled": true}
	}
	return given
}

// install renders the chart as "helm install" does, on a cluster of the newest Kubernetes.
func install(namespace string, given values) (*release.Release, error) {
	return installOn("v1.37.0", namespace, given)
}

func installOn(kubernetes, namespace string, given values) (*release.Release, error) {
	chart, err := loader.Load(directory)
	if err != nil {
		return nil, err
	}
	helm := action.NewInstall(action.NewConfiguration())
	helm.ReleaseName, helm.Namespace, helm.DryRunStrategy = "any", namespace, action.DryRunClient
	helm.KubeVersion = &common.KubeVersion{Version: kubernetes}
	rendered, err := helm.Run(chart, given)
	if err != nil {
		return nil, err
	}
	return rendered.(*release.Release), nil
}

func chartObjects(t *testing.T, namespace string, given values) map[string]*unstructured.Unstructured {
	t.Helper()
	rendered, err := install(namespace, given)
	if err != nil {
		t.Fatal(err)
	}
	return objects(t, rendered.Manifest)
}

// kustomizeObjects builds the base with components.
func kustomizeObjects(t *testing.T, components ...string) map[string]*unstructured.Unstructured {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	deploy, err := filepath.Abs("../../deploy")
	if err != nil {
		t.Fatal(err)
	}
	if deploy, err = filepath.Rel(dir, deploy); err != nil {
		t.Fatal(err)
	}
	text := "resources: [" + deploy + "/base]\ncomponents:\n"
	for _, component := range components {
		text += "- " + deploy + "/components/" + component + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return objects(t, string(manifest))
}

// objects decodes a stream of documents. The key of an object is its kind, namespace and name.
func objects(t *testing.T, manifest string) map[string]*unstructured.Unstructured {
	t.Helper()
	found := map[string]*unstructured.Unstructured{}
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 4<<10)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(object.Object) == 0 {
			continue
		}
		key := strings.Join([]string{object.GetKind(), object.GetNamespace(), object.GetName()}, " ")
		if found[key] != nil {
			t.Errorf("%s is there twice", key)
		}
		found[key] = object
	}
}
