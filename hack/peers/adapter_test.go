package peers

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// adapter is this project's.
type adapter struct{ plane *plane }

func (a *adapter) name() string { return "redis-metrics-adapter" }

func (a *adapter) metrics() []metric { return []metric{requests, jobs} }

func (a *adapter) configuration(s setting) string {
	if s == fastest {
		return "interval 1s, timeout 500ms, window 2s, maxAge 3s"
	}
	return "defaults: interval 5s, timeout 1s, window 15s, maxAge 15s"
}

func (a *adapter) window(s setting) time.Duration {
	if s == fastest {
		return 2 * time.Second
	}
	return 15 * time.Second
}

func (a *adapter) manifests(w workload) string {
	where := "address: " + w.addresses[0]
	addresses := "[" + strings.Join(w.addresses, ", ") + "]"
	switch w.kind {
	case sentinel:
		where = fmt.Sprintf("sentinel: {masterName: %s, addresses: %s}", masterName, addresses)
	case sharded:
		where = fmt.Sprintf("cluster: {addresses: %s}", addresses)
	}
	text := fmt.Sprintf("---\napiVersion: redis-metrics.dev/v1alpha1\nkind: Redis\nmetadata: {name: %s}\nspec:\n  %s\n", w.source.name, where)
	if w.setting == fastest {
		text += "  sampling: {interval: 1s, timeout: 500ms, window: 2s, maxAge: 3s}\n"
	}
	text += fmt.Sprintf("  metrics: [{name: %s, list: {key: %s}}]\n", jobs, list)
	return text + w.objectHPA("redis-metrics.dev/v1alpha1", "Redis", w.source.name, a.metricName(w.metric))
}

func (a *adapter) configures(workload) (once, each string) { return "", "" }

func (a *adapter) metricName(m metric) string {
	if m == requests {
		return "requests-per-second"
	}
	return string(jobs)
}

func (a *adapter) path(w workload) string {
	return objectPath("redises.redis-metrics.dev", w.source.name, a.metricName(w.metric))
}

func (a *adapter) start(b *testing.B, p *plane) {
	b.Helper()
	path := binary(b, cluster.AdapterName)
	out, err := exec.CommandContext(b.Context(), path, "--version").CombinedOutput()
	if err != nil {
		b.Fatal(err)
	}
	started, err := p.StartAdapter(b.Context(), cluster.AdapterOptions{Binary: path})
	if err != nil {
		b.Fatal(err)
	}
	words := strings.Fields(string(out))
	a.plane = p
	p.programs = []program{{started.Process, a.name(), words[len(words)-1], "this tree"}}
}

func (a *adapter) watch(b *testing.B, all []workload) {
	b.Helper()
	a.plane.apply(b, all, a.manifests)
}
