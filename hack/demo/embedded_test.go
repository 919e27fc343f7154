package demo

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
)

func TestEmbedded(t *testing.T) {
	e, err := startEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	defer e.redis.Close()
	client := redis.NewClient(&redis.Options{Addr: e.redis.Addr()})
	defer func() { _ = client.Close() }()
	ctx := t.Context()
	for range 7 {
		client.Get(ctx, "absent")
	}
	if err := client.Set(ctx, "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	info, err := client.Info(ctx, "all").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"cmdstat_get:calls=7,", "cmdstat_set:calls=1,", "role:master\r\n", "loading:0\r\n", "db0:keys=1,", "run_id:" + e.runID} {
		if !strings.Contains(info, want) {
			t.Errorf("INFO lacks %q:\n%s", want, info)
		}
	}
}

func TestTrafficKeepsItsRate(t *testing.T) {
	e, err := startEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	defer e.redis.Close()
	load := traffic.New(e.redis.Addr())
	load.SetRate(2000)
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	go func() { ended <- load.Run(ctx) }()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	e.mu.Lock()
	got := e.calls["get"] + e.calls["set"]
	e.mu.Unlock()
	if got < 3000 || got > 4200 {
		t.Errorf("%d requests arrived in 2 s, want about 4000", got)
	}
}
