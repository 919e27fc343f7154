package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// MaxTime bounds how long it may take to catch one mutant.
const MaxTime = 10 * time.Minute

// testTimeout leaves time to compile, and a test that hangs names itself.
const testTimeout = 8 * time.Minute

// Result is what became of one mutant.
type Result struct {
	Name string `json:"name"`
	Bug  string `json:"bug"`
	// CaughtBy names the test that failed, with its package. It is empty for a survivor.
	CaughtBy string `json:"caughtBy,omitempty"`
	// Problem says why the mutant is not caught.
	Problem string  `json:"problem,omitempty"`
	Seconds float64 `json:"seconds"`
}

// Run runs the tests of each mutant on a copy of the tree at root, and prints
// what becomes of it.
func Run(ctx context.Context, root string, chosen []Mutant, out io.Writer) ([]Result, error) {
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	tree := filepath.Join(dir, "tree")
	if err := copyTree(ctx, root, tree); err != nil {
		return nil, err
	}
	passes := map[string]bool{} // by test, those that pass without a patch
	var results []Result
	for i, m := range chosen {
		test := strings.Join(m.Test, " ")
		if !passes[test] {
			failed, err := goTest(ctx, tree, m.Test)
			if failed != "" {
				err = fmt.Errorf("%s fails", failed)
			}
			if err != nil {
				return results, fmt.Errorf("without any patch, go test %s: %w", test, err)
			}
			passes[test] = true
		}
		result, err := m.run(ctx, tree)
		if err != nil {
			return results, err
		}
		results = append(results, result)
		verdict := "caught by " + result.CaughtBy
		if result.Problem != "" {
			verdict = "NOT CAUGHT: " + result.Problem
		}
		_, _ = fmt.Fprintf(out, "%d/%d %s: %s (%.0f s)\n", i+1, len(chosen), m.Name, verdict, result.Seconds)
	}
	return results, nil
}

// run applies the patch, tests, and takes the patch back.
func (m Mutant) run(ctx context.Context, tree string) (Result, error) {
	result, began := Result{Name: m.Name, Bug: m.Bug}, time.Now()
	if err := m.apply(ctx, tree); err != nil {
		result.Problem = err.Error()
		return result, ctx.Err()
	}
	limited, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	failed, err := goTest(limited, tree, m.Test)
	result.CaughtBy, result.Seconds = failed, time.Since(began).Seconds()
	switch {
	case ctx.Err() != nil:
		return result, ctx.Err()
	case err != nil:
		result.Problem = err.Error()
	case failed == "":
		result.Problem = "all tests pass"
	}
	return result, m.apply(ctx, tree, "--reverse")
}

// goTest returns the first test that fails, empty if all pass. An error means
// that the tests did not run to a verdict.
func goTest(ctx context.Context, tree string, args []string) (failed string, err error) {
	// Built as build.sh builds, so that one compile serves both. Vet would fail
	// before a test does.
	command := exec.CommandContext(ctx, "go", append([]string{"test", "-json", "-trimpath", "-vet=off", "-failfast", "-timeout", testTimeout.String()}, args...)...)
	command.Dir = tree
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	command.WaitDelay = 10 * time.Second
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdout, failure := command.Output()
	if ctx.Err() != nil {
		return "", fmt.Errorf("no verdict within %s", MaxTime)
	}
	failed, err = firstFailure(stdout)
	if err == nil && failed == "" && failure != nil {
		err = fmt.Errorf("%w: %s", failure, strings.TrimSpace(stderr.String()))
	}
	return failed, err
}

// firstFailure returns the test that failed first according to the output of
// "go test -json". A panic outside of a test's own goroutine ends the program
// without a verdict: the test that was heard of last is taken for it. A package
// that does not compile is an error: no test saw it.
func firstFailure(output []byte) (string, error) {
	failed, running := "", ""
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var event struct{ Action, Package, Test string }
		switch err := decoder.Decode(&event); {
		case errors.Is(err, io.EOF) && running == "":
			return "", errors.New("no test ran")
		case errors.Is(err, io.EOF):
			return failed, nil
		case err != nil:
			return "", fmt.Errorf("the output of go test: %w", err)
		}
		if event.Test != "" {
			name, _, _ := strings.Cut(event.Test, "/")
			_, room, _ := strings.Cut(event.Package, "redis-metrics-adapter/")
			running = room + " " + name
		}
		switch {
		case event.Action == "build-fail":
			return "", errors.New("does not compile")
		case event.Action == "fail" && failed == "":
			failed = running
		}
	}
}
