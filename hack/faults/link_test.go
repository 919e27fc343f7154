package faults

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestLinksBreakAsTheirRowsSay asks a real server over each bad link: rows that
// let all be served must let answers through, and the others must not.
func TestLinksBreakAsTheirRowsSay(t *testing.T) {
	server := redistest.New(t)
	link, err := NewLink(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	ask := func(ctx context.Context) error {
		client := redis.NewClient(verifier.Options(link.Address(), "", ""))
		defer func() { _ = client.Close() }()
		return client.Info(ctx, "all").Err()
	}
	for _, f := range network() {
		t.Run(f.Name, func(t *testing.T) {
			var during error
			err := f.inject(t.Context(), &Subject{Link: link}, func() { during = ask(t.Context()) })
			if err != nil {
				t.Fatal(err)
			}
			if served := during == nil; served != (f.Levels == verifier.Serves) {
				t.Errorf("meanwhile the server answered with %v", during)
			}
			if err := ask(t.Context()); err != nil {
				t.Errorf("after the repair: %v", err)
			}
		})
	}
}
