package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

// TestUninstall ends what the node had until here, and does the same again with the chart, with the components for
// operators, and with what kustomize applied and Helm takes over. It is the last of the tests, because it leaves no
// adapter.
func TestUninstall(t *testing.T) {
	shared.deploySamples(t)
	t.Run("kustomize", func(t *testing.T) {
		shared.uninstallKustomize(t, "../../../deploy/base")
		shared.nothingLeft(t)
	})
	t.Run("chart", testChart)
	t.Run("operators", testOperators)
	t.Run("from kustomize to Helm", testTakeOver)
}

// uninstallKustomize runs the commands of deploy/README.md with what was applied. A namespace whose deletion somebody
// asks for meanwhile goes as well.
func (f fixture) uninstallKustomize(t *testing.T, applied string) {
	t.Helper()
	commands := uninstallCommands(t)
	if len(commands) != 3 {
		t.Fatalf("deploy/README.md uninstalls by %q, want three commands", commands)
	}
	f.kubectl(t, "create", "namespace", "meanwhile")
	began := time.Now()
	for n, command := range commands {
		if n == 2 {
			f.kubectl(t, "delete", "namespace", "meanwhile", "--wait=false")
			command[slices.Index(command, "../../../deploy/base")] = applied
		}
		f.kubectl(t, command...)
	}
	t.Logf("uninstalled after %.0fs", time.Since(began).Seconds())
	// The namespace that was deleted meanwhile goes.
	await(t, 10*time.Second, func(ctx context.Context) error {
		out, err := f.Kubectl(ctx, "get", "namespace", "meanwhile", "--ignore-not-found", "-o", "jsonpath={.status}")
		if err == nil && out != "" {
			err = fmt.Errorf("namespace meanwhile is still there: %s", out)
		}
		return err
	})
}

// uninstallCommands returns the arguments of kubectl in the block that deletes what kustomize applied.
func uninstallCommands(t *testing.T) (commands [][]string) {
	t.Helper()
	for _, block := range pagetest.Blocks(t, "../../../deploy/README.md") {
		if !strings.Contains(block.Text, "kubectl delete -k deploy/base ") {
			continue
		}
		for _, command := range block.Commands() {
			args := strings.TrimPrefix(command, "kubectl ")
			commands = append(commands, strings.Fields(strings.ReplaceAll(args, " deploy/", " ../../../deploy/")))
		}
	}
	return commands
}

// nothingLeft compares what the cluster holds with what it held before the adapter was applied.
func (f fixture) nothingLeft(t *testing.T) {
	t.Helper()
	await(t, 20*time.Second, func(ctx context.Context) error {
		now, err := f.objects(ctx)
		if err != nil {
			return err
		}
		maps.DeleteFunc(now, func(object string, _ bool) bool { return f.before[object] })
		if len(now) > 0 {
			return fmt.Errorf("left of the adapter: %q", slices.Sorted(maps.Keys(now)))
		}
		return nil
	})
}

// objects names all objects of the cluster but those in namespace default, which are the user's, the node's Lease, and
// Events.
func (f fixture) objects(ctx context.Context) (map[string]bool, error) {
	kinds, err := f.Kubectl(ctx, "api-resources", "--verbs=list", "-o", "name")
	if err != nil {
		return nil, err
	}
	listed := slices.DeleteFunc(strings.Fields(kinds), func(kind string) bool { return strings.HasPrefix(kind, "events") })
	out, err := f.Kubectl(ctx, "get", strings.Join(listed, ","), "-A", "-o",
		`jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{"\n"}{end}`)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for object := range strings.Lines(out) {
		object = strings.TrimSpace(object)
		if !strings.Contains(object, " default/") && !strings.Contains(object, " kube-node-lease/") {
			found[object] = true
		}
	}
	return found, nil
}
