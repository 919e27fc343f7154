package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestDeclaredMetrics reads what an object declares through the API server, and
// what its status says about invalid ones.
func TestDeclaredMetrics(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	server := redistest.New(t)
	server.Do("rpush", "jobs", "a", "b", "c")
	server.Do("xadd", "events", "*", "field", "value")
	server.Do("xgroup", "create", "events", "workers", "0")
	s.redisOf(t, "declaring", map[string]any{"address": server.Addr, "metrics": []any{
		map[string]any{"name": "waiting", "list": map[string]any{"key": "jobs"}},
		map[string]any{"name": "lag", "stream": map[string]any{"key": "events", "group": "workers", "measure": "Lag"}},
		map[string]any{"name": "both", "expression": `metric("waiting") + metric("lag")`},
		map[string]any{"name": "wrong-type", "set": map[string]any{"key": "jobs"}},
		map[string]any{"name": "keys", "list": map[string]any{"key": "jobs"}},
		map[string]any{"name": "all-queues", "keys": map[string]any{"pattern": "j?bs*", "measure": "Length", "type": "list"}},
		map[string]any{"name": "endless", "expression": `metric("waiting") / 0.0`},
	}}, nil)
	for metric, want := range map[string]string{"waiting": "3", "lag": "1", "both": "4", "all-queues": "3"} {
		s.served(t, "declaring", metric, want)
	}
	if _, err := s.ask(t.Context(), "declaring", "keys"); err == nil || !strings.Contains(err.Error(), "spec.metrics[4].name: every Redis object has a metric keys") {
		t.Errorf("a metric of a name that is built in gives %v", err)
	}
	if _, err := s.ask(t.Context(), "declaring", "wrong-type"); err == nil || !strings.Contains(err.Error(), `key "jobs" is of another type: it must be a set`) {
		t.Errorf("wrong-type gives %v", err)
	}
	if _, err := s.ask(t.Context(), "declaring", "nothing"); err == nil || !strings.Contains(err.Error(), "spec.metrics of declaring declares all-queues, both, endless, lag, waiting, wrong-type") {
		t.Errorf("a metric that is not declared gives %v", err)
	}
	eventually(t, 15*time.Second, func(ctx context.Context) error {
		out, err := s.redisField(ctx, "declaring", `{.status.conditions[?(@.type=="MetricsValid")]}`)
		for _, want := range []string{`"status":"False"`, `"reason":"InvalidMetric"`, "spec.metrics[4].name: every Redis object has a metric keys", "spec.metrics[3] wrong-type has no value",
			"spec.metrics[6] endless has no value: the expression cannot be computed from these values"} {
			if err == nil && !strings.Contains(out, want) {
				err = fmt.Errorf("condition MetricsValid is %s, want %s in it", out, want)
			}
		}
		return err
	})
}
