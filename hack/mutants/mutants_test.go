package mutants

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	size = flag.Int("n", 0, "how many patches to run, picked by the seed; below 0 all")
	seed = flag.String("seed", "", "seed of -n (default the commit)")
	only = flag.String("only", "", "a part of the names of the patches to run")
)

// output is the directory for the table.
const output = "../../_output/mutants"

// TestMutants runs the tests of each bug, and writes which test caught it.
func TestMutants(t *testing.T) {
	if *size == 0 {
		t.Skip("make mutants runs it")
	}
	root := rootDir(t)
	chosen := slices.DeleteFunc(every(t), func(m mutant) bool { return !strings.Contains(m.name, *only) })
	if *size > 0 {
		if *seed == "" {
			commit, err := exec.CommandContext(t.Context(), "git", "rev-parse", "HEAD").Output()
			if err != nil {
				t.Fatalf("no commit to take as a seed, write -seed: %v", err)
			}
			*seed = strings.TrimSpace(string(commit))
		}
		chosen = sample(chosen, *size, *seed)
		t.Logf("%d patches, picked with -seed=%s", len(chosen), *seed)
	}
	if len(chosen) == 0 {
		t.Fatalf("no patch has %q in its name", *only)
	}
	tree := t.TempDir()
	if err := copyTree(t.Context(), root, tree); err != nil {
		t.Fatal(err)
	}
	passes := map[string]bool{} // by test, those that pass without a patch
	var table strings.Builder
	table.WriteString("| Patch | Bug | Caught by | Seconds |\n|---|---|---|---|\n")
	for _, m := range chosen {
		t.Run(m.name, func(t *testing.T) {
			test := strings.Join(m.test, " ")
			if !passes[test] {
				if failed, err := goTest(t.Context(), tree, m.test); failed != "" || err != nil {
					t.Fatalf("without any patch, go test %s fails: %s %v", test, failed, err)
				}
				passes[test] = true
			}
			began := time.Now()
			caughtBy, err := m.run(t.Context(), tree)
			verdict := caughtBy
			if err != nil {
				verdict = "**not caught: " + err.Error() + "**"
				t.Errorf("not caught: %v: write a test beside the code that sees it", err)
			} else {
				t.Log("caught by", caughtBy)
			}
			cell := strings.NewReplacer("|", "\\|", "\n", " ").Replace
			fmt.Fprintf(&table, "| %s | %s | %s | %.0f |\n", m.name, cell(m.bug), cell(verdict), time.Since(began).Seconds())
		})
	}
	if err := os.MkdirAll(output, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(output, "mutants.md"), []byte(table.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\n%s\nThe table is in _output/mutants as well.\n", &table)
}

func rootDir(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// copyTree copies the files that git knows or would add, with their modes, and
// links the built programs.
func copyTree(ctx context.Context, from, to string) error {
	index := to + ".index" // not the one of the work tree
	defer func() { _ = os.Remove(index) }()
	for _, args := range [][]string{{"add", "--all"}, {"checkout-index", "--all", "--prefix=" + to + "/"}} {
		command := exec.CommandContext(ctx, "git", args...)
		command.Dir, command.Env = from, append(os.Environ(), "GIT_INDEX_FILE="+index)
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w: %s", args[0], err, out)
		}
	}
	return os.Symlink(filepath.Join(from, "bin"), filepath.Join(to, "bin"))
}
