package deploy

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

const kustomizationFile = "kustomization.yaml"

// manifest is one document of one file.
type manifest struct {
	path   string
	object any
}

// load decodes every document below a folder strictly.
func load(t *testing.T, dir string) []manifest {
	t.Helper()
	var all []manifest
	for _, path := range yamlFiles(t, dir) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
			object, err := decode(document)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			all = append(all, manifest{path, object})
		}
	}
	if len(all) == 0 {
		t.Fatalf("no manifests in %s", dir)
	}
	return all
}

func yamlFiles(t *testing.T, dir string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if path == "chart" { // held to the rest of this folder by hack/chart
			return filepath.SkipDir
		}
		if err == nil && !entry.IsDir() && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// decode refuses unknown and repeated fields, and takes the case of a field's name seriously.
func decode(document []byte) (any, error) {
	var meta metav1.TypeMeta
	data, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return nil, err
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, &meta); err != nil {
		return nil, err
	}
	construct, ok := kinds[meta.APIVersion+" "+meta.Kind]
	if !ok {
		return nil, errors.New("no type to decode " + meta.APIVersion + " " + meta.Kind + " into: add it to kinds")
	}
	object := construct()
	strict, err := kjson.UnmarshalStrict(data, object)
	return object, errors.Join(append(strict, err)...)
}

// all returns the objects of one type in a folder, by name.
func all[T any](t *testing.T, dir string) map[string]T {
	t.Helper()
	found := map[string]T{}
	for _, m := range load(t, dir) {
		if object, ok := m.object.(T); ok {
			found[any(object).(metav1.Object).GetName()] = object
		}
	}
	return found
}

// only returns the one object of a type in a folder.
func only[T any](t *testing.T, dir string) T {
	t.Helper()
	found := all[T](t, dir)
	if len(found) != 1 {
		t.Fatalf("%s holds %d objects of type %T, want one", dir, len(found), *new(T))
	}
	for _, object := range found {
		return object
	}
	panic("unreachable")
}

func TestManifestsDecodeStrictly(t *testing.T) {
	load(t, ".")
}

func TestDecodeRefuses(t *testing.T) {
	for name, document := range map[string]string{
		"unknown field":    "apiVersion: v1\nkind: Service\nspec: {porst: []}",
		"wrong case":       "apiVersion: v1\nkind: Service\nspec: {Ports: []}",
		"repeated field":   "apiVersion: v1\nkind: Service\nspec: {type: ClusterIP, type: NodePort}",
		"unknown kind":     "apiVersion: v1\nkind: Pod",
		"Secret with data": "apiVersion: v1\nkind: Secret\ndata: {tls.crt: eA==}",
		"Lease with spec":  "apiVersion: coordination.k8s.io/v1\nkind: Lease\nspec: {}",
		"skipped TLS":      "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nspec: {insecureSkipTLSVerify: true}",
		"a CA of our own":  "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nspec: {caBundle: eA==}",
		"no kind whatever": "spec: {}",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := decode([]byte(document)); err == nil {
				t.Errorf("decoded, want an error:\n%s", document)
			}
		})
	}
}

func TestKustomizationsNameEveryFile(t *testing.T) {
	// Two forms of one object cannot stand in one kustomization.
	alternatives := []string{"samples/hpa-value.yaml", "samples-queue/hpa-stream.yaml"}

	covered := append([]string{"krew/redis-metrics.yaml"}, alternatives...) // krew's is not for kubectl to apply
	for _, path := range yamlFiles(t, ".") {
		if filepath.Base(path) != kustomizationFile {
			continue
		}
		covered = append(covered, path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		object, err := decode(data)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		files := object.(*kustomization).Resources
		for _, patch := range object.(*kustomization).Patches {
			if patch.Path != "" {
				files = append(files, patch.Path)
			}
		}
		for _, resource := range files {
			file := filepath.Join(filepath.Dir(path), resource)
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s names a file that does not exist: %v", path, err)
			}
			covered = append(covered, file)
		}
	}
	for _, path := range yamlFiles(t, ".") {
		if !slices.Contains(covered, path) {
			t.Errorf("no kustomization names %s: add it to the resources of %s beside it", path, kustomizationFile)
		}
	}
}

func TestNoTLSVerificationIsSkipped(t *testing.T) {
	set := regexp.MustCompile(`(?i)insecureSkipTLSVerify["']?\s*:`)
	for _, path := range yamlFiles(t, ".") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if set.Match(data) {
			t.Errorf("%s sets insecureSkipTLSVerify: the adapter writes its CA into the APIServices instead", path)
		}
	}
}
