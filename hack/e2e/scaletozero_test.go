package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestQueueScalesFromZeroAndBack drives the stock HPA 0 -> n -> 0 by what waits in
// Redis, with nothing but the manifests of deploy/samples-queue.
func TestQueueScalesFromZeroAndBack(t *testing.T) {
	t.Parallel()
	h := shared
	if kubernetesMinor(t) < 37 {
		h = ownHarness(t, scaleToZero(t))
	}
	t.Run("list", func(t *testing.T) {
		t.Parallel()
		s, server := queue(t, h, "hpa-list.yaml")
		s.awaitWorkers(t, 0)
		for job := range 35 {
			server.Do("rpush", "jobs", job)
		}
		s.awaitWorkers(t, 4)
		// A Redis that cannot be asked wakes nobody and sends nobody home.
		server.Kill()
		s.holdWorkers(t, 4, maxAge+2*syncPeriod)
		server.Restart() // without its data: the list is empty now, which is a known 0
		s.awaitWorkers(t, 0)
	})
	t.Run("stream", func(t *testing.T) {
		t.Parallel()
		s, server := queue(t, h, "hpa-stream.yaml")
		s.awaitWorkers(t, 0)
		for event := range 25 {
			server.Do("xadd", "events", "*", "event", event)
		}
		// The workers create their group when they start, and are not there yet.
		s.awaitWorkers(t, 3)
		server.Do("xgroup", "create", "events", "workers", "0")
		s.holdWorkers(t, 3, 2*syncPeriod)
		read := server.Do("xreadgroup", "group", "workers", "w", "count", 25, "streams", "events", ">")
		// All is delivered and nothing acknowledged: pending alone keeps the workers.
		s.holdWorkers(t, 3, stabilization+3*syncPeriod)
		for _, id := range entries(t, read) {
			server.Do("xack", "events", "workers", id)
		}
		s.awaitWorkers(t, 0)
	})
	t.Run("stream without its group", func(t *testing.T) {
		t.Parallel()
		s, _ := queue(t, h, "hpa-stream.yaml")
		s.awaitWorkers(t, 0)
		patch := `[{"op": "replace", "path": "/spec/metrics/1/stream/whenGroupMissing", "value": "Error"},
			{"op": "replace", "path": "/spec/metrics/2/stream/whenGroupMissing", "value": "Error"}]`
		s.kubectl(t, "patch", "redis", "queue", "-n", s.namespace, "--type=json", "-p", patch)
		s.kubectl(t, "scale", "statefulset", "worker", "-n", s.namespace, "--replicas=1")
		// Where it is not said what the backlog is without the group, it is unknown.
		s.holdWorkers(t, 1, stabilization+3*syncPeriod)
	})
}

// queue applies the samples at a Redis of its own.
func queue(t *testing.T, h harness, hpa string) (*fixture, *redistest.Server) {
	t.Helper()
	s := newFixture(t, h)
	server := redistest.New(t)
	s.applyFrom(t, "samples-queue", server.Addr, "redis.yaml", "worker.yaml", hpa)
	return s, server
}

func (s *fixture) awaitWorkers(t *testing.T, want int32) {
	t.Helper()
	eventually(t, 90*time.Second, func(ctx context.Context) error { return s.set(ctx, "worker", want) })
}

func (s *fixture) holdWorkers(t *testing.T, want int32, lasting time.Duration) {
	t.Helper()
	throughout(t, lasting, func(ctx context.Context) error {
		replicas, err := s.replicas(ctx, "worker")
		if err == nil && replicas != want {
			err = fmt.Errorf("%d replicas, want %d", replicas, want)
		}
		return err
	})
}

// entries are the IDs in a reply of XREADGROUP.
func entries(t *testing.T, reply any) []string {
	t.Helper()
	var ids []string
	streams, _ := reply.([]any)
	for _, stream := range streams {
		pair, _ := stream.([]any)
		if len(pair) != 2 {
			continue
		}
		read, _ := pair[1].([]any)
		for _, entry := range read {
			if fields, _ := entry.([]any); len(fields) > 0 {
				ids = append(ids, fmt.Sprint(fields[0]))
			}
		}
	}
	if len(ids) == 0 {
		t.Fatalf("no entries in %v", reply)
	}
	return ids
}
