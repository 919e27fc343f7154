package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// lasting is how old a last value may be here.
const lasting = 45 * time.Second

// TestFallback lets an HPA scale by a stated value while Redis is down, and a
// last value end.
func TestFallback(t *testing.T) {
	t.Parallel()
	t.Run("doctor", doctorOfAFallback) // before, because the adapter counts the objects that fall back
	s := newFixture(t, shared)
	server := redistest.New(t)
	s.fallingBack(t, "my-redis", server.Addr)
	s.apply(t, server.Addr, "statefulset.yaml", "hpa-averagevalue.yaml")
	s.scale(t, 2)
	s.awaitReplicas(t, 1, scaling) // nobody asks Redis for anything
	s.awaitCondition(t, 15*time.Second, "my-redis", "FallbackInUse", "False", "NotNeeded")

	server.Kill()
	killed := time.Now()
	s.awaitReplicas(t, 3, scaling) // as the value of 3000 says
	s.served(t, "my-redis", "requests-per-second", "3k")
	s.served(t, "my-redis", "connected-clients", "1")
	eventually(t, 5*time.Second, func(ctx context.Context) error {
		return errors.Join(s.condition(ctx, "my-redis", "FallbackInUse", "True", "LastValueAndValue"),
			s.condition(ctx, "my-redis", "Ready", "False", "ConnectionRefused"))
	})
	s.awaitEvents(t, "my-redis", "FallbackInUse")

	// One that was never sampled has a stated value and no last one.
	s.fallingBack(t, "late", server.Addr)
	s.served(t, "late", "requests-per-second", "3k")
	s.ended(t, "late", "connected-clients", "its fallback LastValue has no value: none has been known since the adapter started")
	awaitMetrics(t, s.harness, // the number of objects is that of their newest attempts
		`redis_metrics_adapter_fallback_values_total{type="LastValue"}`, `redis_metrics_adapter_fallback_values_total{type="Value"}`,
		"redis_metrics_adapter_fallback_targets 2")

	s.ended(t, "my-redis", "connected-clients", "its fallback LastValue has ended: the last value is older than spec.fallback.for, 45s")
	if after := time.Since(killed); after < lasting-interval-resolution || after > lasting+2*resolution {
		t.Errorf("the last value ended %s after the kill, want %s less an interval at most", after, lasting)
	}
	s.awaitCondition(t, 5*time.Second, "my-redis", "FallbackInUse", "True", "Value")

	server.Restart()
	s.awaitReplicas(t, 1, scaling+5*15*time.Second)
	for _, name := range []string{"my-redis", "late"} {
		s.awaitCondition(t, 15*time.Second, name, "FallbackInUse", "False", "NotNeeded")
		s.awaitEvents(t, name, "FallbackEnded")
	}
}

// fallingBack creates a Redis object that states a value for all metrics but one.
func (s *fixture) fallingBack(t *testing.T, name, address string) {
	t.Helper()
	s.redisOf(t, name, map[string]any{"address": address, "fallback": map[string]any{
		"type": "Value", "value": "3000",
		"metrics": []any{
			map[string]any{"name": "connected-clients", "type": "LastValue", "for": lasting.String()},
			map[string]any{"name": "nothing", "type": "Error"},
		},
	}}, nil)
	eventually(t, 15*time.Second, func(ctx context.Context) error {
		out, err := s.redisField(ctx, name, `{.status.conditions[?(@.type=="MetricsValid")].message}`)
		if want := "spec.fallback.metrics[1].name: the object has no metric nothing"; err == nil && !strings.Contains(out, want) {
			err = fmt.Errorf("condition MetricsValid says %q, want %q", out, want)
		}
		return err
	})
}

// served waits for a value.
func (s *fixture) served(t *testing.T, name, metric, want string) {
	t.Helper()
	eventually(t, 15*time.Second, func(ctx context.Context) error {
		list, err := s.ask(ctx, name, metric)
		if err == nil && list.Items[0].Value.String() != want {
			err = fmt.Errorf("%s is %s, want %s", metric, list.Items[0].Value.String(), want)
		}
		return err
	})
}

// ended waits for an error in which words stand.
func (s *fixture) ended(t *testing.T, name, metric, words string) {
	t.Helper()
	eventually(t, lasting+5*time.Second, func(ctx context.Context) error {
		switch _, err := s.ask(ctx, name, metric); {
		case err == nil:
			return fmt.Errorf("%s of %s is served", metric, name)
		case !strings.Contains(err.Error(), words):
			return err
		}
		return nil
	})
}
