package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSchemaRefuses applies each fixture to the real API server and reads what a user would.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/crd/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(text), "\n")
			want, ok := strings.CutPrefix(first, "# want: ")
			if !ok {
				t.Fatalf("%s does not begin with the message that it wants", file)
			}
			out, err := shared.Kubectl(t.Context(), "apply", "--dry-run=server", "--validate=strict", "-f", file)
			if err == nil {
				t.Fatalf("accepted: %s", out)
			}
			said := strings.ReplaceAll(err.Error(), `Invalid value: "object": `, "Invalid value: ") // Kubernetes 1.34 writes it
			if !strings.Contains(said, want) {
				t.Errorf("the API server says\n%v\nwant in it\n%s", err, want)
			}
			if strings.Contains(err.Error(), "evaluating rule") {
				t.Errorf("a rule failed instead of refusing: %v", err)
			}
		})
	}
}

func TestSchemaAccepts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/crd/valid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	samples, err := filepath.Glob("../../deploy/samples*/redis*.yaml")
	if err != nil || len(samples) < 6 {
		t.Fatalf("%d samples, %v", len(samples), err)
	}
	for _, file := range append(files, samples...) {
		if out, err := shared.Kubectl(t.Context(), "apply", "--dry-run=server", "--validate=strict", "-f", file); err != nil {
			t.Errorf("%s: %v %s", file, err, out)
		}
	}
}

func TestExplainReadsWell(t *testing.T) {
	t.Parallel()
	out, err := shared.Kubectl(t.Context(), "explain", "redis.spec.sampling")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"interval is the time between samples, from 1s to 5m.",
		"timeout bounds one sample",
		"window is the time over which a rate is taken: from twice interval to 60 times interval, and at most 1h.",
		"maxAge is how old a sample may be, from interval to 1h.",
	} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("kubectl explain lacks %q:\n%s", want, out)
		}
	}
}
