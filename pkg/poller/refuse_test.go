package poller

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestServerThatRefuses(t *testing.T) {
	t.Run("without its password", func(t *testing.T) {
		server := redistest.New(t, "--requirepass", "hunter2")
		probing(t, samplertest.TargetAt("auth", server.Addr)).fail(reason.AuthenticationFailed)
	})
	for _, rule := range []string{"-info", "-echo", "-client|setname"} {
		t.Run("a user with "+rule, func(t *testing.T) {
			server := redistest.New(t)
			server.Do("acl", "setuser", "default", rule)
			probing(t, samplertest.TargetAt("acl", server.Addr)).fail(reason.PermissionDenied)
		})
	}
	t.Run("a user who loses +info", func(t *testing.T) {
		server := redistest.New(t)
		o := probing(t, samplertest.TargetAt("acl", server.Addr))
		o.sample()
		server.Do("acl", "setuser", "default", "-info")
		o.fail(reason.PermissionDenied)
		server.Do("acl", "setuser", "default", "+info")
		o.sample()
	})
	t.Run("a database that it does not have", func(t *testing.T) {
		server := redistest.New(t, "--databases", "4")
		tgt := samplertest.TargetAt("db", server.Addr)
		tgt.Database = 4
		probing(t, tgt).fail(reason.DatabaseOutOfRange)
	})
	t.Run("more clients", func(t *testing.T) {
		server := redistest.New(t)
		server.Do("config", "set", "maxclients", "1") // the test's own client
		for range 5 {
			probing(t, samplertest.TargetAt("many", server.Addr)).fail(reason.TooManyClients)
		}
	})
	t.Run("writes, since it cannot save", func(t *testing.T) {
		server := redistest.New(t, "--save", "3600 1", "--enable-protected-configs", "yes")
		dir := server.Client().ConfigGet(t.Context(), "dir").Val()["dir"]
		if err := os.MkdirAll(filepath.Join(dir, "taken.rdb", "by-a-directory"), 0o700); err != nil {
			t.Fatal(err)
		}
		server.Do("config", "set", "dbfilename", "taken.rdb")
		server.Do("bgsave")
		samplertest.Poll(t, "writes are refused", func() bool {
			err := server.Client().Set(t.Context(), "k", "v", 0).Err()
			return err != nil && strings.HasPrefix(err.Error(), "MISCONF")
		})
		probing(t, samplertest.TargetAt("unsaved", server.Addr)).sample()
	})
	t.Run("while a script runs", func(t *testing.T) {
		server := redistest.New(t, "--lua-time-limit", "1")
		o := probing(t, samplertest.TargetAt("lua", server.Addr))
		o.sample()
		other := server.Dial()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = other.Eval(context.Background(), "while true do end", nil).Err()
		}()
		samplertest.Poll(t, "the script runs", func() bool {
			return server.Client().Ping(t.Context()).Err() != nil
		})
		o.fail(reason.Busy)
		server.Do("script", "kill")
		<-done
		o.sample()
	})
}
