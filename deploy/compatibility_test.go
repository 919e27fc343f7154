package deploy

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeNamesWhatWasTried compares the compatibility table with what the tests run: the servers of pkg/redistest, and
// the Kubernetes that hack/tools builds. The rows of the other releases are those that "make test-skew" printed.
func TestReadmeNamesWhatWasTried(t *testing.T) {
	tried := map[string]bool{}
	for line := range strings.Lines(read(t, "../pkg/redistest/servers.txt")) {
		kind, version, ok := strings.Cut(strings.Fields(line)[0], "-")
		if !ok {
			t.Fatalf("servers.txt has a line %q", line)
		}
		tried[strings.ToUpper(kind[:1])+kind[1:]+" "+version] = true
	}
	tried["Kubernetes "+newest(t)] = true
	runnable := map[string]bool{}
	for _, release := range releases(t) {
		runnable["Kubernetes "+strings.Replace(release, "+", " beside ", 1)] = true
	}

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
		if !tried[name] && !runnable[name] {
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

// releases returns the releases that test-skew runs, the oldest first. "1.34+1.37" has API servers of both.
func releases(t *testing.T) []string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^RELEASES \?= (.+)$`).FindStringSubmatch(read(t, "../Makefile"))
	if found == nil {
		t.Fatal("the Makefile names no RELEASES")
	}
	return strings.Fields(strings.ReplaceAll(found[1], "newest", newest(t)))
}

// newest returns the release that hack/tools/kubernetes pins.
func newest(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`k8s.io/kubernetes v(1\.\d+)\.`).FindStringSubmatch(read(t, "../hack/tools/kubernetes/go.mod"))
	if found == nil {
		t.Fatal("hack/tools/kubernetes builds no Kubernetes")
	}
	return found[1]
}

// TestOldestKubernetes shows that all that names the oldest release names the oldest that test-skew runs.
func TestOldestKubernetes(t *testing.T) {
	oldest := releases(t)[0]
	for path, text := range map[string]string{
		"chart/Chart.yaml":        `kubeVersion: ">=` + oldest + `.0-0"`,
		"README.md":               "The adapter needs Kubernetes " + oldest + " or newer",
		"docs/troubleshooting.md": "The API server is older than " + oldest + ".",
	} {
		if !strings.Contains(read(t, path), text) {
			t.Errorf("%s lacks %q", path, text)
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
