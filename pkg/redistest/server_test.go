package redistest_test

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

func runID(t *testing.T, s *redistest.Server) string {
	t.Helper()
	for line := range strings.Lines(s.Do("info", "server").(string)) {
		if id, ok := strings.CutPrefix(line, "run_id:"); ok {
			return strings.TrimSpace(id)
		}
	}
	t.Fatal("INFO has no run_id")
	return ""
}

func TestNewAnswersAndKeepsToItsArguments(t *testing.T) {
	s := redistest.New(t, "--maxmemory", "12345678")
	got, err := s.Client().ConfigGet(t.Context(), "maxmemory").Result()
	if err != nil || got["maxmemory"] != "12345678" {
		t.Fatalf("maxmemory is %v, %v; want 12345678", got, err)
	}
	got, err = s.Client().ConfigGet(t.Context(), "save").Result()
	if err != nil || got["save"] != "" {
		t.Fatalf("save is %q, %v; want none", got["save"], err)
	}
}

func TestTwoServersAreApart(t *testing.T) {
	a, b := redistest.New(t), redistest.New(t)
	a.Do("set", "k", "v")
	if n := b.Do("dbsize"); n != int64(0) {
		t.Fatalf("the other server has %v keys, want 0", n)
	}
}

func TestRestartIsAnotherProcessAtTheSameAddress(t *testing.T) {
	redistest.Each(t, func(t *testing.T, p redistest.Program) {
		s := p.New(t)
		before, addr := runID(t, s), s.Addr
		s.Do("set", "k", "v")
		s.Restart()
		if s.Addr != addr {
			t.Errorf("the address changed from %s to %s", addr, s.Addr)
		}
		// The client's connection died with the first process; the first call may see that.
		_ = s.Client().Ping(t.Context()).Err()
		if after := runID(t, s); after == before {
			t.Errorf("run_id is still %s", after)
		}
		if n := s.Do("dbsize"); n != int64(0) {
			t.Errorf("%v keys outlived the process, want 0: nothing is persisted", n)
		}
	})
}

func TestKilledServerRefuses(t *testing.T) {
	s := redistest.New(t)
	s.Kill()
	if err := s.Client().Ping(t.Context()).Err(); err == nil {
		t.Fatal("a killed server answered")
	}
}

func TestStoppedServerHangsUntilItContinues(t *testing.T) {
	s := redistest.New(t)
	s.Signal(syscall.SIGSTOP)
	client := redis.NewClient(&redis.Options{Addr: s.Addr, ContextTimeoutEnabled: true, MaxRetries: -1})
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := client.Ping(ctx).Err(); err == nil {
		t.Fatal("a stopped server answered")
	}
	s.Signal(syscall.SIGCONT)
	s.Do("ping")
}

func TestServerThatAsksForAPasswordHasStarted(t *testing.T) {
	s := redistest.New(t, "--requirepass", "secret")
	stranger := redis.NewClient(&redis.Options{Addr: s.Addr})
	defer func() { _ = stranger.Close() }()
	if err := stranger.Ping(t.Context()).Err(); err == nil || !strings.HasPrefix(err.Error(), "NOAUTH") {
		t.Fatalf("ping gave %v, want NOAUTH", err)
	}
	s.Do("ping")
}
