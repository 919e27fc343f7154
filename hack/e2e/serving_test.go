package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestServingSecretDeletedUnderLoad deletes the Secret of the serving certificate while requests come in.
func TestServingSecretDeletedUnderLoad(t *testing.T) {
	h := ownHouse(t)
	s := newScene(t, h)
	s.redis(t, "cart", redistest.New(t).Addr, nil)
	awaitRequests(t, s, "cart")
	const secret = cluster.AdapterName + "-tls"
	s.kubectl(t, "delete", "secret", secret, "-n", cluster.AdapterName)
	deleted, mended := time.Now(), time.Duration(0)
	throughout(t, 40*time.Second, func(ctx context.Context) error {
		if _, err := s.ask(ctx, "cart", "used-memory-bytes"); err != nil {
			return fmt.Errorf("%s after the Secret was deleted a request failed: %w", time.Since(deleted), err)
		}
		if mended == 0 {
			if _, err := s.Kubectl(ctx, "get", "secret", secret, "-n", cluster.AdapterName); err == nil {
				mended = time.Since(deleted)
			}
		}
		return nil
	})
	if mended == 0 {
		t.Error("the Secret was not made again")
	}
	t.Logf("the Secret was made again after %s", mended.Round(time.Second))
}
