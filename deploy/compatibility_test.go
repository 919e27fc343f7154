package deploy

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeNamesWhatWasTried holds the compatibility table against what the tests run: the servers of pkg/redistest, and
// the Kubernetes that hack/tools builds.
func TestReadmeNamesWhatWasTried(t *testing.T) {
	tried := map[string]bool{}
	for line := range strings.Lines(read(t, "../pkg/redistest/servers.txt")) {
		kind, version, ok := strings.Cut(strings.Fields(line)[0], "-")
		if !ok {
			t.Fatalf("servers.txt has a line %q", line)
		}
		tried[strings.ToUpper(kind[:1])+kind[1:]+" "+version] = true
	}
	built := regexp.MustCompile(`k8s.io/kubernetes v(1\.\d+)\.`).FindStringSubmatch(read(t, "../hack/tools/kubernetes/go.mod"))
	if built == nil {
		t.Fatal("hack/tools/kubernetes builds no Kubernetes")
	}
	tried["Kubernetes "+built[1]] = true

	_, section, _ := strings.Cut(read(t, "../README.md"), "\n## Compatibility\n")
	section, _, _ = strings.Cut(section, "\n## ")
	told := map[string]bool{}
	for line := range strings.Lines(section) {
		columns := strings.Split(line, " | ")
		if len(columns) != 3 || columns[1] != "tried" {
			continue
		}
		for name := range strings.SplitSeq(strings.TrimPrefix(columns[0], "| "), ", ") {
			told[name] = true
		}
	}
	for name := range tried {
		if !told[name] {
			t.Errorf("the README does not say that %s was tried", name)
		}
	}
	for name := range told {
		if !tried[name] {
			t.Errorf("the README says that %s was tried, and no test runs it", name)
		}
	}
	for _, kind := range []string{"KeyDB", "Dragonfly"} {
		recorded := regexp.MustCompile(fmt.Sprintf(`\| .*%s (\d+\.\d+).* \| fixtures only`, kind)).FindStringSubmatch(section)
		if recorded == nil {
			t.Errorf("the README does not say how far %s is known", kind)
			continue
		}
		if _, err := os.Stat("../pkg/redisinfo/testdata/" + strings.ToLower(kind) + "-" + recorded[1] + ".txt"); err != nil {
			t.Errorf("of %s %s there is no fixture: %v", kind, recorded[1], err)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
