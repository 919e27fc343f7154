package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAdapterOptionsAreCompletedFromAnywhere gives only what a built tree holds.
func TestAdapterOptionsAreCompletedFromAnywhere(t *testing.T) {
	tree, elsewhere := t.TempDir(), t.TempDir()
	write := func(path string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	binDir, base := filepath.Join(tree, "bin"), filepath.Join(tree, "deploy", "base")
	write(filepath.Join(binDir, AdapterName))
	write(filepath.Join(base, "kustomization.yaml"))
	write(filepath.Join(elsewhere, AdapterName))
	for name, test := range map[string]struct {
		working, binDir string
		options         AdapterOptions
		want            string // the manifests
		err             string
	}{
		"in the tree":                        {working: filepath.Join(tree, "bin"), binDir: ".", want: base},
		"outside, with binaries of the tree": {working: elsewhere, binDir: binDir, want: base},
		"manifests named":                    {working: tree, binDir: binDir, options: AdapterOptions{Manifests: "deploy/base"}, want: base},
		"outside, with binaries from there":  {working: elsewhere, binDir: elsewhere, err: "lies in a tree with deploy/base"},
		"manifests that do not exist":        {working: tree, binDir: binDir, options: AdapterOptions{Manifests: "deploy"}, err: "no manifests of the adapter"},
		"no binary":                          {working: tree, binDir: tree, err: "make build"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(test.working)
			err := test.options.Complete(test.binDir)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want one that says %q", err, test.err)
				}
				return
			}
			if err != nil || test.options.Manifests != test.want {
				t.Errorf("manifests %q, %v; want %q", test.options.Manifests, err, test.want)
			}
		})
	}
}
