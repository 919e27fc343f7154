package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	// maxAge and interval are the defaults of spec.sampling.
	maxAge   = 15 * time.Second
	interval = 5 * time.Second
	// resolution is how exactly the API states instants.
	resolution = time.Second
)

// TestRedisKilledUnderLoad kills Redis while three replicas are needed, and lets
// it come back.
func TestRedisKilledUnderLoad(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	server := redistest.New(t)
	// A driver that dies with its server is not a fault here.
	before := sending(t, traffic.New(server.Addr), 2500)
	s.apply(t, server.Addr, "redis.yaml", "statefulset.yaml", "hpa-averagevalue.yaml")
	s.awaitReplicas(t, 3, scaling)

	server.Kill()
	killed := time.Now()
	_ = before.stop() // it failed with its server
	failed := time.Duration(0)
	throughout(t, maxAge+4*syncPeriod, func(ctx context.Context) error {
		value, err := s.requests(ctx, "my-redis")
		switch {
		case err == nil && value.Value == 0:
			return fmt.Errorf("%s after the kill 0 was served", time.Since(killed))
		case err == nil && time.Since(value.At) > maxAge+2*resolution:
			return fmt.Errorf("a sample was served %s after it was taken", time.Since(value.At))
		case err != nil && !apierrors.IsNotFound(err):
			return err
		case err != nil && strings.Contains(err.Error(), server.Addr):
			return fmt.Errorf("the error carries the address: %w", err)
		}
		if replicas, err := s.replicas(ctx, "app-statefulset"); err != nil || replicas != 3 {
			return fmt.Errorf("%d replicas are wanted while nothing is known, %w", replicas, err)
		}
		if _, reason, err := s.hpa(ctx); err == nil && reason == "FailedGetObjectMetric" && failed == 0 {
			failed = time.Since(killed)
		}
		return nil
	})
	if limit := maxAge + syncPeriod + 2*resolution; failed == 0 || failed > limit {
		t.Errorf("the HPA said FailedGetObjectMetric after %s (0: never), want within %s", failed, limit)
	}
	s.awaitCondition(t, 5*time.Second, "my-redis", "Ready", "False", "ConnectionRefused")
	t.Logf("the HPA said FailedGetObjectMetric %s after the kill", failed.Round(time.Second))

	server.Restart()
	restarted := time.Now()
	after := drive(t, server.Addr, 2500)
	served := time.Duration(0)
	add, verified := verifying(t, "my-redis", after.truth)
	throughout(t, 12*interval, func(ctx context.Context) error {
		value, err := s.requests(ctx, "my-redis")
		if err == nil {
			if served == 0 {
				served = time.Since(restarted)
			}
			add(value)
		}
		if replicas, err := s.replicas(ctx, "app-statefulset"); err != nil || replicas != 3 {
			return fmt.Errorf("%d replicas are wanted though the load is what it was, %w", replicas, err)
		}
		return nil
	})
	// After so long an outage every other attempt is left out, and a rate takes one more.
	if limit := 3*interval + resolution; served == 0 || served > limit {
		t.Errorf("served again %s after the restart (0: never), want within %s", served, limit)
	}
	verified(5)
	s.awaitCondition(t, 15*time.Second, "my-redis", "Ready", "True", "")
	s.awaitEvents(t, "my-redis", "ConnectionRefused")
}

// condition says how a condition of a Redis object differs from what is wanted; an empty reason is any.
func (s *fixture) condition(ctx context.Context, name, condition, status, reason string) error {
	out, err := s.redisField(ctx, name, fmt.Sprintf(`{.status.conditions[?(@.type==%q)].status} {.status.conditions[?(@.type==%q)].reason}`, condition, condition))
	if err != nil {
		return err
	}
	gotStatus, gotReason, _ := strings.Cut(out, " ")
	if gotStatus != status || (reason != "" && gotReason != reason) {
		return fmt.Errorf("%s is %q, want %s %s", condition, out, status, reason)
	}
	return nil
}

// awaitCondition waits until a condition of a Redis object is as wanted; an empty reason is any.
func (s *fixture) awaitCondition(t *testing.T, within time.Duration, name, condition, status, reason string) {
	t.Helper()
	eventually(t, within, func(ctx context.Context) error { return s.condition(ctx, name, condition, status, reason) })
}

// awaitEvents waits for an Event of each reason.
func (s *fixture) awaitEvents(t *testing.T, name string, reasons ...string) {
	t.Helper()
	for _, reason := range reasons {
		eventually(t, 15*time.Second, func(ctx context.Context) error {
			events, err := s.client.CoreV1().Events(s.namespace).List(ctx, metav1.ListOptions{
				FieldSelector: "involvedObject.kind=Redis,involvedObject.name=" + name + ",reason=" + reason,
			})
			if err == nil && len(events.Items) == 0 {
				err = fmt.Errorf("no Event with reason %s", reason)
			}
			return err
		})
	}
}

// connections counts the adapter's connections to a server.
func connections(server *redistest.Server) int {
	list, _ := server.Do("client", "list").(string)
	return strings.Count(list, "name="+connection.ClientName+" ")
}

func TestDeletedObjectIsForgotten(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	server := redistest.New(t)
	s.redis(t, "gone", server.Addr, nil)
	awaitRequests(t, s, "gone")
	if n := connections(server); n != 1 {
		t.Fatalf("the adapter has %d connections, want 1", n)
	}
	s.kubectl(t, "delete", "redis", "gone", "-n", s.namespace)
	eventually(t, 2*time.Second, func(ctx context.Context) error {
		if _, err := s.requests(ctx, "gone"); !apierrors.IsNotFound(err) || !strings.Contains(err.Error(), `redises.redis-metrics.dev "gone" not found`) {
			return fmt.Errorf("answered %w", err)
		}
		if n := connections(server); n != 0 {
			return fmt.Errorf("the adapter still has %d connections", n)
		}
		return nil
	})
	// One of the same name begins again.
	s.redis(t, "gone", server.Addr, nil)
	eventually(t, 5*time.Second, func(ctx context.Context) error {
		_, err := s.requests(ctx, "gone")
		if err == nil {
			return errors.New("a rate was served at once: what was known of the deleted object came back")
		}
		if strings.Contains(err.Error(), "not found") {
			return err
		}
		return nil
	})
}

func TestEditedObjectIsSampledAtItsNewAddress(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	before, after := redistest.New(t), redistest.New(t)
	s.redis(t, "moved", before.Addr, nil)
	awaitRequests(t, s, "moved")
	s.redis(t, "moved", after.Addr, nil)
	eventually(t, 15*time.Second, func(ctx context.Context) error {
		if n, m := connections(before), connections(after); n != 0 || m != 1 {
			return fmt.Errorf("%d connections to the old address, %d to the new one", n, m)
		}
		_, err := s.requests(ctx, "moved")
		return err
	})
}

func TestNamespaceGoesWhileRedisIsDown(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	server := redistest.New(t)
	s.apply(t, server.Addr, "redis.yaml", "hpa-averagevalue.yaml")
	awaitRequests(t, s, "my-redis")
	server.Kill()
	s.kubectl(t, "delete", "namespace", s.namespace, "--wait=false")
	eventually(t, 60*time.Second, func(ctx context.Context) error {
		_, err := s.client.CoreV1().Namespaces().Get(ctx, s.namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("the namespace is still there, %w", err)
	})
}
