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
	"strings"
	"time"
)

// maxTime bounds how long it may take to catch one mutant.
const maxTime = 10 * time.Minute

// testTimeout leaves time to compile, and a test that hangs names itself.
const testTimeout = 8 * time.Minute

// run applies the patch, tests, and takes the patch back. It returns the test
// that failed, with its package, or why the bug is not caught.
func (m mutant) run(ctx context.Context, tree string) (caughtBy string, err error) {
	if err := m.apply(ctx, tree); err != nil {
		return "", err
	}
	limited, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	caughtBy, err = goTest(limited, tree, m.test)
	if err == nil && caughtBy == "" {
		err = errors.New("all tests pass")
	}
	return caughtBy, errors.Join(err, m.apply(ctx, tree, "--reverse"))
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
		return "", fmt.Errorf("no verdict within %s", maxTime)
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
