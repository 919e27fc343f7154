package sampler

import (
	"context"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

func TestServerThatRefuses(t *testing.T) {
	t.Run("without its password", func(t *testing.T) {
		server := redistest.New(t, "--requirepass", "hunter2")
		probing(t, targetAt("auth", server.Addr)).fail(AuthenticationFailed)
	})
	for _, rule := range []string{"-info", "-ping", "-client|setname"} {
		t.Run("a user with "+rule, func(t *testing.T) {
			server := redistest.New(t)
			server.Do("acl", "setuser", "default", rule)
			probing(t, targetAt("acl", server.Addr)).fail(PermissionDenied)
		})
	}
	t.Run("a user who loses +info", func(t *testing.T) {
		server := redistest.New(t)
		o := probing(t, targetAt("acl", server.Addr))
		o.sample()
		server.Do("acl", "setuser", "default", "-info")
		o.fail(PermissionDenied)
		server.Do("acl", "setuser", "default", "+info")
		o.sample()
	})
	t.Run("a database that it does not have", func(t *testing.T) {
		server := redistest.New(t, "--databases", "4")
		tgt := targetAt("db", server.Addr)
		tgt.Database = 4
		probing(t, tgt).fail(DatabaseOutOfRange)
	})
	t.Run("more clients", func(t *testing.T) {
		server := redistest.New(t)
		server.Do("config", "set", "maxclients", "1") // the test's own client
		for range 5 {
			probing(t, targetAt("many", server.Addr)).fail(TooManyClients)
		}
	})
	t.Run("while a script runs", func(t *testing.T) {
		server := redistest.New(t, "--lua-time-limit", "1")
		o := probing(t, targetAt("lua", server.Addr))
		o.sample()
		other := server.Dial()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = other.Eval(context.Background(), "while true do end", nil).Err()
		}()
		poll(t, "the script runs", func() bool {
			return server.Client().Ping(t.Context()).Err() != nil
		})
		o.fail(Busy)
		server.Do("script", "kill")
		<-done
		o.sample()
	})
}
