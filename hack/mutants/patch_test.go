package mutants

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mutant is a patch that brings in one bug.
type mutant struct {
	name  string   // of the patch, without its extension
	bug   string   // what goes wrong
	test  []string // the arguments of "go test" with which a test must fail
	patch []byte
}

// least is how many bugs there are at least.
const least = 40

// every returns the mutants, ordered by name.
func every(t *testing.T) (all []mutant) {
	t.Helper()
	files, err := filepath.Glob("*.patch")
	if err != nil || len(files) < least {
		t.Fatalf("%d patches, want %d at least: %v", len(files), least, err)
	}
	for _, file := range files {
		patch, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := parse(strings.TrimSuffix(file, ".patch"), patch)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// parse reads the header of a patch.
func parse(name string, patch []byte) (mutant, error) {
	m := mutant{name: name, patch: patch}
	header, _, found := bytes.Cut(patch, []byte("\n--- "))
	bug, test, hasTest := strings.Cut(string(header), "\nTest: ")
	bug, hasBug := strings.CutPrefix(bug, "Bug: ")
	test, _, _ = strings.Cut(test, "\n")
	m.bug, m.test = strings.Join(strings.Fields(bug), " "), strings.Fields(test)
	if !found || !hasBug || !hasTest || m.bug == "" || len(m.test) == 0 {
		return m, fmt.Errorf("%s.patch: write lines that begin with Bug: and with Test: before the diff", name)
	}
	return m, nil
}

// sample returns so many mutants, ordered by name. The same seed picks the same.
func sample(all []mutant, size int, seed string) []mutant {
	rank := func(m mutant) string {
		sum := sha256.Sum256([]byte(seed + "\x00" + m.name))
		return string(sum[:])
	}
	picked := slices.SortedFunc(slices.Values(all), func(a, b mutant) int { return cmp.Compare(rank(a), rank(b)) })
	picked = picked[:min(size, len(picked))]
	slices.SortFunc(picked, func(a, b mutant) int { return cmp.Compare(a.name, b.name) })
	return picked
}

// apply applies the patch to a tree that is no work tree of git. It takes no
// patch whose context differs.
func (m mutant) apply(ctx context.Context, tree string, flags ...string) error {
	command := exec.CommandContext(ctx, "git", append([]string{"apply"}, flags...)...)
	command.Dir, command.Stdin = tree, bytes.NewReader(m.patch)
	// Within a work tree, git would look for the files from its root on.
	command.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(tree))
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("does not apply: %s", strings.TrimSpace(string(out)))
	}
	return nil
}
