package deploy

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
)

// instruction is one line of the Dockerfile, continued lines joined.
type instruction struct{ name, args string }

// stages returns the instructions of the Dockerfile by stage.
func stages(t *testing.T) [][]instruction {
	t.Helper()
	data, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var found [][]instruction
	for line := range strings.Lines(strings.ReplaceAll(string(data), "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, args, _ := strings.Cut(line, " ")
		if name == "FROM" {
			found = append(found, nil)
		}
		if len(found) == 0 {
			t.Fatalf("%s stands before the first FROM", name)
		}
		found[len(found)-1] = append(found[len(found)-1], instruction{name, strings.TrimSpace(args)})
	}
	if len(found) != 2 {
		t.Fatalf("%d stages, want a build and an image", len(found))
	}
	return found
}

func argsOf(stage []instruction, name string) []string {
	var found []string
	for _, each := range stage {
		if each.name == name {
			found = append(found, each.args)
		}
	}
	return found
}

func TestImageIsBareAndNotRoot(t *testing.T) {
	image := stages(t)[1]
	if got := argsOf(image, "FROM")[0]; got != "scratch" {
		t.Errorf("the image stands on %q, want scratch", got)
	}
	if got := argsOf(image, "USER"); !slices.Equal(got, []string{"65532:65532"}) {
		t.Errorf("USER %q, want 65532:65532 once", got)
	}
	if len(argsOf(image, "RUN"))+len(argsOf(image, "ADD")) > 0 {
		t.Error("the image holds more than the program")
	}
	user := only[*appsv1.Deployment](t, base).Spec.Template.Spec.SecurityContext.RunAsUser
	if *user != 65532 {
		t.Errorf("the Deployment runs as %d, the image as 65532", *user)
	}
}

func TestImageIsBuiltByTheMakefile(t *testing.T) {
	build, image := stages(t)[0], stages(t)[1]
	runs := argsOf(build, "RUN")
	if last := runs[len(runs)-1]; !strings.HasSuffix(last, " make build VERSION=${VERSION}") {
		t.Errorf("the build ends in %q, want make build VERSION=${VERSION}", last)
	}
	for _, run := range runs {
		if strings.Contains(run, "go build") {
			t.Errorf("RUN %s: a second build command beside the Makefile's", run)
		}
	}
	output := makeBuild(t)
	const authorities = "/etc/ssl/certs/ca-certificates.crt" // the first file in which crypto/x509 looks on Linux
	want := []string{"--from=build " + authorities + " " + authorities, "--from=build /src/" + output + " /" + path.Base(output)}
	if !slices.Equal(argsOf(image, "COPY"), want) {
		t.Errorf("COPY %q, want %q: make build writes %s", argsOf(image, "COPY"), want, output)
	}
	if want := `["/` + path.Base(output) + `"]`; !slices.Equal(argsOf(image, "ENTRYPOINT"), []string{want}) {
		t.Errorf("ENTRYPOINT %q, want %s", argsOf(image, "ENTRYPOINT"), want)
	}
}

// recorder stands in for go and prints how it was called.
const recorder = `#!/bin/sh
if [ "$1" = build ]; then { echo "CGO_ENABLED=$CGO_ENABLED"; printf '%s\n' "$@"; } > "$RECORD"; fi
`

// makeBuild runs make build as the Dockerfile does, with what .dockerignore leaves of the tree and a
// recorder for go, and returns the file that it would write, below the tree.
func makeBuild(t *testing.T) string {
	t.Helper()
	tree, err := filepath.EvalSymlinks(buildContext(t))
	if err != nil {
		t.Fatal(err)
	}
	tools, record := t.TempDir(), filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(filepath.Join(tools, "go"), []byte(recorder), 0o755); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "make", "build", "VERSION=v1.2.3-test")
	command.Dir = tree
	// Under make test the outer make would hand its own flags and variables on.
	command.Env = slices.DeleteFunc(os.Environ(), func(each string) bool {
		return strings.HasPrefix(each, "MAKE") || strings.HasPrefix(each, "MFLAGS")
	})
	command.Env = append(command.Env, "RECORD="+record, "PATH="+tools+string(os.PathListSeparator)+os.Getenv("PATH"))
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	data, err := os.ReadFile(record)
	if err != nil {
		t.Fatalf("make build did not call go build: %v", err)
	}
	call := strings.Split(strings.TrimSpace(string(data)), "\n")
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "./cmd/redis-metrics-adapter"} {
		if !slices.Contains(call, want) {
			t.Errorf("make build lacks %s: %q", want, call)
		}
	}
	if !strings.Contains(string(data), "=v1.2.3-test") {
		t.Errorf("make build does not stamp the version: %q", call)
	}
	flag := slices.Index(call, "-o")
	if flag < 0 {
		t.Fatalf("make build names no output: %q", call)
	}
	output, err := filepath.Rel(tree, call[flag+1])
	if err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(output)
}

// buildContext copies what .dockerignore leaves of the tree. It knows a list of exceptions to "*" alone.
func buildContext(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, line)
		}
	}
	if len(patterns) == 0 || patterns[0] != "*" {
		t.Fatalf(".dockerignore starts with %q, want * and exceptions to it", patterns)
	}
	tree := t.TempDir()
	for _, pattern := range patterns[1:] {
		name, ok := strings.CutPrefix(pattern, "!")
		if !ok {
			t.Fatalf("pattern %q is not an exception", pattern)
		}
		copyInto(t, tree, name)
	}
	return tree
}

func copyInto(t *testing.T, tree, name string) {
	t.Helper()
	from, to := filepath.Join("..", name), filepath.Join(tree, name)
	info, err := os.Stat(from)
	if err != nil {
		t.Fatalf(".dockerignore names what does not exist: %v", err)
	}
	if info.IsDir() {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, info.Mode().Perm()); err != nil {
		t.Fatal(err)
	}
}
