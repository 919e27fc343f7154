package poller

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

const endless = "while true do end"

func busySoon(t *testing.T, program redistest.Program) *redistest.Server {
	t.Helper()
	return program.New(t, "--busy-reply-threshold", "200")
}

func answers(t *testing.T, server *redistest.Server) bool {
	return server.Client().Ping(t.Context()).Err() == nil
}

func TestScriptThatNeverEndsIsEndedOnce(t *testing.T) {
	const library = "#!lua name=lib\nredis.register_function{function_name='endless', callback=function() while true do end end, flags={'no-writes'}}"
	for name, script := range map[string]*probe.Probe{
		"script":   probe.Script(endless, nil, nil),
		"function": probe.Function("endless", nil, nil),
	} {
		t.Run(name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, program redistest.Program) {
				server := busySoon(t, program)
				server.Do("function", "load", library)
				server.Do("rpush", "list", "a")
				o := declaring(t, server, script, probe.List("list"), probe.KeysCount("*", "", 9))
				o.poller.target.Timeout = time.Second
				o.fail(reason.Timeout)
				o.dialer.Wait()
				if !answers(t, server) {
					t.Fatal("the script still runs")
				}
				o.sample() // what else may have been too slow is asked for again
				o.sample()
				o.unknown(0, "not asked again until spec changes: a script of this object did not end")
				if list, keys := o.value(1), o.value(2); list != 1 || keys != 1 {
					t.Errorf("the list has %v entries and the server %v keys, want 1 and 1", list, keys)
				}
			})
		})
	}
}

func TestScriptOfAnotherClientIsNotEnded(t *testing.T) {
	redistest.Each(t, func(t *testing.T, program redistest.Program) {
		server := program.New(t, "--busy-reply-threshold", "4500") // when this adapter's script has been waiting
		other, ended := server.Dial(), make(chan error, 1)
		hasty := redis.NewClient(&redis.Options{Addr: server.Addr, DisableIdentity: true, MaxRetries: -1, ContextTimeoutEnabled: true})
		t.Cleanup(func() { _ = hasty.Close() })
		o := declaring(t, server, probe.Script("return 1", nil, nil))
		o.sample()
		o.poller.target.Timeout = time.Second
		go func() { ended <- other.Eval(t.Context(), endless, nil).Err() }()
		samplertest.Poll(t, "the other script runs", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			return hasty.Ping(ctx).Err() != nil
		})
		o.fail(reason.Timeout)
		o.dialer.Wait()
		if cause := o.poller.group.ScriptsOff(); cause != "" {
			t.Errorf("scripts are off: %s", cause)
		}
		select {
		case err := <-ended:
			t.Fatalf("the other script ended with %v", err)
		default:
		}
		server.Do("script", "kill")
		if err := <-ended; err == nil {
			t.Error("the other script ended by itself")
		}
	})
}

func TestScriptThatMayNotBeEndedSaysWhatToAllow(t *testing.T) {
	server := busySoon(t, redistest.Default(t))
	server.Do("acl", "setuser", "administrator", "on", "nopass", "~*", "+@all")
	server.Do("acl", "setuser", "default", "-script", "-function")
	administrator := redis.NewClient(&redis.Options{Addr: server.Addr, Username: "administrator", Password: "any", DisableIdentity: true})
	t.Cleanup(func() { _ = administrator.Close() })
	o := declaring(t, server, probe.Script(endless, nil, nil))
	o.poller.target.Timeout = time.Second
	o.fail(reason.Timeout)
	samplertest.Poll(t, "the adapter is refused", func() bool { return o.poller.group.ScriptsOff() != "" })
	o.fail(reason.Busy)
	if err := administrator.ScriptKill(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	o.dialer.Wait()
	o.sample()
	o.unknown(0, "allow the user +script|kill and +function|kill")
}

func TestDocumentedUserMayEndItsScripts(t *testing.T) {
	server := busySoon(t, redistest.Default(t))
	admin := samplertest.Restrict(t, server, samplertest.ACLRules(t))
	o := declaring(t, server, probe.Script(endless, nil, nil))
	o.poller.target.Timeout = time.Second
	o.fail(reason.Timeout)
	o.dialer.Wait()
	if err := admin.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	o.sample()
	o.unknown(0, "blocked the server until this adapter ended it")
}
