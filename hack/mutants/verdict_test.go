package mutants

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEveryPatchApplies fails when the code under a patch has changed: bring the
// same bug into the new code, or drop the patch if that cannot be.
func TestEveryPatchApplies(t *testing.T) {
	root := rootDir(t)
	for _, m := range every(t) {
		if err := m.apply(t.Context(), root, "--check"); err != nil {
			t.Errorf("%s.patch %v", m.name, err)
		}
	}
}

func TestParse(t *testing.T) {
	const diff = "\n--- a/x.go\n+++ b/x.go\n"
	m, err := parse("stale", []byte("Bug: An old value\nis served.\nTest: ./pkg/x -run TestAge\n"+diff))
	if err != nil || m.name != "stale" || m.bug != "An old value is served." || !slices.Equal(m.test, []string{"./pkg/x", "-run", "TestAge"}) {
		t.Errorf("parse gives %+v, %v", m, err)
	}
	for _, header := range []string{"", "Bug: x\n", "Bug:\nTest: y\n", "Bug: x\nTest: \n", "Test: y\nBug: x\n"} {
		if m, err := parse("none", []byte(header+diff)); err == nil {
			t.Errorf("the header %q gives %+v", header, m)
		}
	}
}

func TestSampleIsRepeatable(t *testing.T) {
	all := every(t)
	first := sample(all, 5, "a")
	if len(first) != 5 || !slices.EqualFunc(first, sample(all, 5, "a"), func(a, b mutant) bool { return a.name == b.name }) {
		t.Error("one seed picks different patches")
	}
	seen := map[string]bool{}
	for _, seed := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		for _, m := range sample(all, len(all)/2, seed) {
			seen[m.name] = true
		}
	}
	if len(seen) != len(all) {
		t.Errorf("26 seeds pick %d of %d patches", len(seen), len(all))
	}
	if got := sample(all, 2*len(all), "a"); len(got) != len(all) {
		t.Errorf("a sample of more than there are has %d of %d", len(got), len(all))
	}
}

// TestVerdicts runs bugs on a module of its own.
func TestVerdicts(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module example.com/x\n\ngo 1.26\n",
		"x.go":      "package x\n\nfunc one() int { return 1 }\n",
		"x_test.go": "package x\n\nimport \"testing\"\n\nfunc TestOne(t *testing.T) {\n\tif one() != 1 {\n\t\tt.Fatal()\n\t}\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct{ becomes, args, caughtBy, problem string }{
		"caught":           {"{ return 2 }", ".", " TestOne", ""},
		"survivor":         {"{ return 2 - 1 }", ".", "", "all tests pass"},
		"does not compile": {"{ return \"\" }", ".", "", "does not compile"},
		"panics":           {"{ panic(1) }", ".", " TestOne", ""},
		"panics beside":    {"{ done := make(chan int); go func() { panic(1) }(); return <-done }", ".", " TestOne", ""},
		"no such test":     {"{ return 2 }", ". -run TestTwo", "", "no test ran"},
	} {
		t.Run(name, func(t *testing.T) {
			m := mutant{name: name, test: strings.Fields(test.args), patch: []byte("--- a/x.go\n+++ b/x.go\n@@ -3 +3 @@\n-func one() int { return 1 }\n+func one() int " + test.becomes + "\n")}
			caughtBy, err := m.run(t.Context(), root)
			if caughtBy != test.caughtBy || (err == nil) != (test.problem == "") || err != nil && err.Error() != test.problem {
				t.Errorf("caught by %q, %v", caughtBy, err)
			}
		})
	}
	stale := mutant{test: []string{"."}, patch: []byte("--- a/x.go\n+++ b/x.go\n@@ -3 +3 @@\n-func two() int { return 2 }\n+func two() int { return 3 }\n")}
	if caughtBy, err := stale.run(t.Context(), root); err == nil || !strings.HasPrefix(err.Error(), "does not apply") {
		t.Errorf("a patch of other code: caught by %q, %v", caughtBy, err)
	}
}
