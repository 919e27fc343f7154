package e2e

import (
	"context"
	"errors"
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
	shared.openShop(t)
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
func (h house) uninstallKustomize(t *testing.T, applied string) {
	t.Helper()
	commands := uninstallCommands(t)
	if len(commands) != 3 {
		t.Fatalf("deploy/README.md uninstalls by %q, want three commands", commands)
	}
	h.kubectl(t, "create", "namespace", "meanwhile")
	began := time.Now()
	for n, command := range commands {
		if n == 2 {
			h.kubectl(t, "delete", "namespace", "meanwhile", "--wait=false")
			command[slices.Index(command, "../../../deploy/base")] = applied
		}
		h.kubectl(t, command...)
	}
	t.Logf("uninstalled after %.0fs", time.Since(began).Seconds())
	err := eventually(t.Context(), 10*time.Second, func(ctx context.Context) error {
		out, err := h.Kubectl(ctx, "get", "namespace", "meanwhile", "--ignore-not-found", "-o", "jsonpath={.status}")
		if err == nil && out != "" {
			err = fmt.Errorf("it is still there: %s", out)
		}
		return err
	})
	if err != nil {
		t.Errorf("the namespace that was deleted meanwhile: %v", err)
	}
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
func (h house) nothingLeft(t *testing.T) {
	t.Helper()
	err := eventually(t.Context(), 20*time.Second, func(ctx context.Context) error {
		now, err := h.objects(ctx)
		if err != nil {
			return err
		}
		maps.DeleteFunc(now, func(object string, _ bool) bool { return h.before[object] })
		if len(now) > 0 {
			return errors.New(strings.Join(slices.Sorted(maps.Keys(now)), ", "))
		}
		return nil
	})
	if err != nil {
		t.Errorf("something is left of the adapter: %v", err)
	}
}

// objects names all objects of the cluster but those in namespace default, which are the user's, the node's Lease, and
// Events.
func (h house) objects(ctx context.Context) (map[string]bool, error) {
	kinds, err := h.Kubectl(ctx, "api-resources", "--verbs=list", "-o", "name")
	if err != nil {
		return nil, err
	}
	listed := slices.DeleteFunc(strings.Fields(kinds), func(kind string) bool { return strings.HasPrefix(kind, "events") })
	out, err := h.Kubectl(ctx, "get", strings.Join(listed, ","), "-A", "-o",
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
