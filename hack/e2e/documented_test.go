package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	helmcmd "helm.sh/helm/v4/pkg/cmd"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// notRun are the documented commands that TestDocumentation does not run, each with the reason. Of make it still asks
// that the target exists.
var notRun = map[string]string{
	"make demo":                       "takes minutes; hack/demo has tests of its own",
	"make test":                       "includes this test",
	"make test-fast":                  "make test runs the same tests",
	"make verify":                     "takes minutes; continuous integration runs it",
	"make hooks":                      "changes the configuration of git",
	"make plugin":                     "would replace the plugin while other tests run it",
	"make deploy DELEGATE=1":          "needs another adapter; TestTakeOverAndGiveBack runs it",
	"kubectl redis-metrics top --web": "ends when it is interrupted; TestWebPage does so",
	"kubectl redis-metrics top redis/my-redis -w":                                                                                                "ends when it is interrupted; TestTop does so",
	"kubectl redis-metrics simulate hpa/app-hpa --record 10m --series load.csv":                                                                  "takes 10 minutes; TestRecord is shorter",
	"kubectl redis-metrics simulate hpa/app-hpa --from-prometheus http://localhost:9090 --query 'sum(rate(redis_commands_processed_total[1m]))'": "needs a Prometheus; TestFromPrometheus of hack/simulate has one",
}

// TestDocumentation does what the pages say, in the order in which a reader would: it installs the adapter, applies
// every manifest, runs every command and uninstalls the adapter; then the same with Helm.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	blocks := documented(t)
	r := newReader(t)

	isHelm := func(b pagetest.Block) bool { return strings.HasPrefix(b.Text, "helm ") }
	for _, block := range blocks {
		switch block.Kind {
		case "sh":
			if !isHelm(block) {
				r.runs(t, block)
			}
		case "yaml":
			r.applies(t, block)
		case "redis":
			server := r.redis
			if strings.Contains(block.Text, "+sentinel|") {
				server = r.sentinel
			}
			for _, command := range block.Commands() {
				server.Do(words(command)...)
			}
		case "args":
			r.starts(t, block)
		}
	}
	for _, install := range blocks {
		if !strings.HasPrefix(install.Text, "helm install ") {
			continue
		}
		r.runs(t, install)
		for _, verb := range []string{"helm upgrade ", "helm uninstall "} {
			i := slices.IndexFunc(blocks, func(b pagetest.Block) bool { return strings.HasPrefix(b.Text, verb) })
			if i < 0 {
				t.Fatalf("no block begins with %s", verb)
			}
			r.runs(t, blocks[i])
		}
	}
	for _, block := range blocks {
		if block.Kind == "sh" && !r.read[block.String()] {
			t.Errorf("%s was not run", block)
		}
	}
	for command := range notRun {
		if !r.passedOver[command] {
			t.Errorf("no page has the command %q, which is not to be run", command)
		}
	}
}

// documented returns the code blocks of all pages. The page that ends with the removal of the adapter comes last.
func documented(t *testing.T) []pagetest.Block {
	t.Helper()
	root := repository(t)
	docs, err := filepath.Glob(filepath.Join(root, "deploy", "docs", "*.md"))
	if err != nil || len(docs) == 0 {
		t.Fatalf("%d pages, %v", len(docs), err)
	}
	pages := []string{filepath.Join(root, "README.md"), filepath.Join(root, ".github", "CONTRIBUTING.md"), filepath.Join(root, "hack", "README.md")}
	pages = append(append(pages, docs...), filepath.Join(root, "deploy", "README.md"))
	var blocks []pagetest.Block
	for _, page := range pages {
		blocks = append(blocks, pagetest.Blocks(t, page)...)
	}
	return blocks
}

// reader follows the documentation in a control plane of its own.
type reader struct {
	fixture
	// dir is a copy of the tree by links, and has what the pages take for granted.
	dir        string
	env        []string
	redis      *redistest.Server
	sentinel   *redistest.Server
	read       map[string]bool
	passedOver map[string]bool
}

func newReader(t *testing.T) *reader {
	t.Helper()
	r := &reader{
		fixture: fixture{harness: emptyHarness(t, scaleToZero(t)), namespace: "default"}, dir: t.TempDir(), redis: redistest.New(t),
		read: map[string]bool{}, passedOver: map[string]bool{},
	}
	r.sentinel = redistest.NewSentinels(t, 1, "mymaster", r.redis, 0).Nodes[0]
	r.startAdapter(t, cluster.AdapterOptions{})
	for _, namespace := range []string{"shop", "team-a"} { // the pages' examples
		r.kubectl(t, "create", "namespace", namespace)
	}

	entries, err := os.ReadDir(repository(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if err := os.Symlink(filepath.Join(repository(t), entry.Name()), filepath.Join(r.dir, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	_, _, ca := r.FrontProxy()
	if err := os.WriteFile(filepath.Join(r.dir, "ca.crt"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"load.csv":              "cmd/kubectl-redis_metrics/app/testdata/load.csv",
		"hpa.yaml":              "deploy/samples/hpa-averagevalue.yaml",
		"hpa-averagevalue.yaml": "deploy/samples/hpa-averagevalue.yaml",
	} {
		if err := os.Symlink(filepath.Join(repository(t), path), filepath.Join(r.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	programs := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(programs, helm)); err != nil {
		t.Fatal(err)
	}
	bin, err := filepath.Abs(os.Getenv("BIN_DIR"))
	if err != nil {
		t.Fatal(err)
	}
	r.env = append(os.Environ(), "PATH="+strings.Join([]string{programs, bin, os.Getenv("PATH")}, ":"), "KUBECONFIG="+r.Kubeconfig(),
		"HOME="+programs,
		"MANIFESTS="+r.localManifests(t, "base"), "FORCE=1") // it was applied as another manager before
	return r
}

// helm is the name by which this test's program is Helm.
const helm = "helm"

func runHelm() int {
	command, err := helmcmd.NewRootCmd(os.Stdout, os.Args[1:], helmcmd.SetupLogging)
	if err == nil {
		err = command.Execute()
	}
	if err != nil {
		return 1
	}
	return 0
}

// runs runs the commands of a block.
func (r *reader) runs(t *testing.T, block pagetest.Block) {
	t.Helper()
	r.read[block.String()] = true
	for _, command := range block.Commands() {
		bare, _, _ := strings.Cut(command, "#")
		bare = strings.TrimSpace(bare)
		if _, excepted := notRun[bare]; excepted {
			r.passedOver[bare] = true
			if !strings.HasPrefix(command, "make ") {
				continue
			}
			command = strings.Replace(command, "make ", "make --dry-run ", 1)
		}
		if strings.HasPrefix(command, "kubectl delete -k deploy/samples") {
			// Its pods end with the Deployment, which comes next.
			if err := r.adapter.Stop(); err != nil {
				t.Fatal(err)
			}
		}
		try := func(ctx context.Context) error {
			out, err := r.shell(ctx, command)
			if strings.HasPrefix(command, "kubectl redis-metrics doctor") && diagnosed.MatchString(out) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%s: %s: %w\n%s", block, command, err, out)
			}
			return nil
		}
		if strings.HasPrefix(command, "kubectl get --raw ") { // a rate needs two samples
			eventually(t, time.Minute, try)
		} else if err := try(t.Context()); err != nil {
			t.Error(err)
		}
		if strings.HasPrefix(command, "kubectl apply ") {
			r.pointToServer(t)
		}
	}
}

// diagnosed matches the last line of the doctor, which fails if it finds any trouble.
var diagnosed = regexp.MustCompile(`(?m)^ok [0-9]+, warning [0-9]+, failure [0-9]+, unknown [0-9]+`)

func (r *reader) shell(ctx context.Context, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	run := exec.CommandContext(ctx, "sh", "-euc", command)
	run.Dir, run.Env = r.dir, r.env
	out, err := run.CombinedOutput()
	return string(out), err
}

// reaches matches the spec of a Redis object that says where it is.
var reaches = regexp.MustCompile(`(?m)^  (address|sentinel|cluster):`)

// applies applies a manifest. What is only a part of one is completed, and not kept.
func (r *reader) applies(t *testing.T, block pagetest.Block) {
	t.Helper()
	apply := []string{"apply", "-f", "-"}
	text := block.Text
	switch {
	case strings.Contains(text, "kind: Kustomization\n"):
		overlay := filepath.Join(t.TempDir(), "overlay")
		err := errors.Join(os.Mkdir(overlay, 0o700), os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(text), 0o600))
		for _, folder := range []string{"base", "components"} {
			err = errors.Join(err, os.Symlink(filepath.Join(repository(t), "deploy", folder), filepath.Join(overlay, "..", folder)))
		}
		if err != nil {
			t.Fatal(err)
		}
		apply, text = []string{"apply", "--server-side", "--force-conflicts", "--dry-run=server", "-k", overlay}, ""
	case strings.HasPrefix(text, "spec:\n"):
		if !reaches.MatchString(text) {
			text = strings.Replace(text, "spec:\n", "spec:\n  address: my-redis.default.svc:6379\n", 1)
		}
		text = "apiVersion: redis-metrics.dev/v1alpha1\nkind: Redis\nmetadata: {name: part}\n" + text
		apply = append(apply, "--dry-run=server")
	}
	if _, err := r.KubectlInput(t.Context(), strings.NewReader(text), apply...); err != nil {
		t.Errorf("%s: %v", block, err)
	}
	if !slices.Contains(apply, "--dry-run=server") {
		r.pointToServer(t)
	}
}

// pointToServer gives the pages' Redis the address of a server of this machine.
func (r *reader) pointToServer(t *testing.T) {
	t.Helper()
	r.kubectl(t, "patch", "redis", "my-redis", "--type=merge", "-p", fmt.Sprintf(`{"spec":{"address":%q}}`, r.redis.Addr))
}

// starts starts an adapter with the arguments of a block.
func (r *reader) starts(t *testing.T, block pagetest.Block) {
	t.Helper()
	adapter, err := r.StartAdapter(t.Context(), cluster.AdapterOptions{
		Name: "redis-metrics-adapter-1", Standby: true, ExtraArgs: strings.Fields(block.Text),
	})
	if err == nil {
		err = adapter.Stop()
	}
	if err != nil {
		t.Fatalf("%s: %v", block, err)
	}
}

func words(command string) []any {
	var found []any
	for _, word := range strings.Fields(command) {
		found = append(found, word)
	}
	return found
}
