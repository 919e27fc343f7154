package mutants

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Mutant is a patch that brings in one bug.
type Mutant struct {
	// Name is the name of the patch, without its extension.
	Name string
	// Bug says what goes wrong.
	Bug string
	// Test holds the arguments of "go test" with which a test must fail.
	Test []string

	patch []byte
}

// All returns the mutants in a directory, ordered by name.
func All(dir string) ([]Mutant, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.patch"))
	if err != nil {
		return nil, err
	}
	var all []Mutant
	var errs []error
	for _, file := range files {
		patch, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		m, err := parse(strings.TrimSuffix(filepath.Base(file), ".patch"), patch)
		all, errs = append(all, m), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// parse reads the header of a patch.
func parse(name string, patch []byte) (Mutant, error) {
	m := Mutant{Name: name, patch: patch}
	header, _, found := bytes.Cut(patch, []byte("\n--- "))
	bug, test, hasTest := strings.Cut(string(header), "\nTest: ")
	bug, hasBug := strings.CutPrefix(bug, "Bug: ")
	test, _, _ = strings.Cut(test, "\n")
	m.Bug, m.Test = strings.Join(strings.Fields(bug), " "), strings.Fields(test)
	if !found || !hasBug || !hasTest || m.Bug == "" || len(m.Test) == 0 {
		return m, fmt.Errorf("%s.patch: write lines that begin with Bug: and with Test: before the diff", name)
	}
	return m, nil
}

// Sample returns so many mutants, ordered by name. The same seed picks the same.
func Sample(all []Mutant, size int, seed string) []Mutant {
	rank := func(m Mutant) string {
		sum := sha256.Sum256([]byte(seed + "\x00" + m.Name))
		return string(sum[:])
	}
	picked := slices.SortedFunc(slices.Values(all), func(a, b Mutant) int { return cmp.Compare(rank(a), rank(b)) })
	picked = picked[:min(size, len(picked))]
	slices.SortFunc(picked, func(a, b Mutant) int { return cmp.Compare(a.Name, b.Name) })
	return picked
}
