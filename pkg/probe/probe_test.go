package probe_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func info(t testing.TB) *redisinfo.Info {
	t.Helper()
	parsed, err := new(redisinfo.Parser).Parse("role:master\r\nfield:1\r\n")
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func eachKind() map[string]*probe.Probe {
	return map[string]*probe.Probe{
		"list": probe.List("k"), "zcount": probe.SortedSet("k", "1", ""), "string": probe.String("k"), "counter": probe.CounterKey("k"),
		"pending": probe.StreamPending("k", "g"), "lag": probe.StreamLag("k", "g"), "oldest pending": probe.StreamOldestPending("k", "g"),
		"oldest entry": probe.StreamOldestEntry("k"), "added": probe.StreamEntriesAdded("k"), "pubSub": probe.PubSub("c"),
		"script": probe.Script("return 1", nil, nil),
	}
}

// TestStrangeRepliesAreErrors answers each probe with what a Redis never says.
func TestStrangeRepliesAreErrors(t *testing.T) {
	now := []any{"1700000000", "0"}
	for name, p := range eachKind() {
		plan := probe.Compile([]*probe.Probe{p})
		for _, reply := range []any{
			nil, "", "x", "NaN", "1e999", int64(-1), []any{}, []any{nil}, []any{int64(1)}, []any{"c"}, []any{"c", nil}, []any{"c", "7"},
			[]any{[]any{}}, []any{[]any{nil}}, []any{[]any{"1"}}, []any{[]any{"x-y"}}, []any{[]any{"name", "g"}}, []any{[]any{"name", "g", "lag"}},
			[]any{[]any{"name", "g", "lag", "x", "pending", nil}}, []any{"entries-added", int64(1)}, []any{"entries-added", nil, "length", int64(1), "last-generated-id", "1-1"},
			[]any{"entries-added", int64(1), "length", int64(1), "last-generated-id", "1-1", "first-entry", []any{"x"}}, errors.New("ERR odd secret"), errors.New(""),
		} {
			replies := []any{reply}
			if p.WantsTime {
				replies = append(replies, now)
			}
			got := plan.Read(plan.Commands(false), replies, info(t))[0]
			empty, isList := reply.([]any)
			none := isList && len(empty) == 0 && strings.HasPrefix(name, "oldest")
			if got.Err == nil && !none {
				t.Errorf("%s takes %#v for %v", name, reply, got.Value)
			}
			if got.Err != nil && strings.Contains(got.Err.Error(), "secret") {
				t.Errorf("%s repeats what the server said: %v", name, got.Err)
			}
		}
	}
}

func TestClockThatIsStrangeIsAnError(t *testing.T) {
	plan := probe.Compile([]*probe.Probe{probe.StreamOldestEntry("k")})
	for _, clock := range []any{nil, "1", []any{}, []any{"1"}, []any{int64(1), int64(2)}, []any{"x", "1"}, []any{"nan", "1"}, errors.New("NOPERM no")} {
		got := plan.Read(plan.Commands(false), []any{[]any{[]any{"1700000000000-0", nil}}, clock}, info(t))[0]
		if got.Err == nil {
			t.Errorf("%#v is taken for a clock: %v", clock, got.Value)
		}
	}
}

func TestSharedCommandsAreSentOnce(t *testing.T) {
	plan := probe.Compile([]*probe.Probe{
		probe.StreamLag("k", "g"), probe.StreamOldestPending("k", "g"), probe.StreamPending("k", "g"), probe.StreamOldestEntry("k"), probe.StreamPending("k", "h"),
	})
	var sent []string
	for _, command := range plan.Commands(false) {
		sent = append(sent, strings.Join(command, " "))
	}
	if got, want := strings.Join(sent, ", "), "xinfo groups k, xpending k g - + 1, xrange k - + count 1, time"; got != want {
		t.Errorf("it sends %s, want %s", got, want)
	}
	if bounded := plan.Commands(true); bounded[2] != nil || bounded[0] == nil || bounded[3] == nil {
		t.Errorf("what is bounded is %v", bounded)
	}
	groups := []any{[]any{"name", "g", "pending", int64(2), "lag", int64(3)}, []any{"name", "h", "pending", int64(4), "lag", nil}}
	replies := []any{groups, []any{[]any{"1700000000000-0", "c", int64(1), int64(1)}}, nil, []any{"1700000001", "500000"}}
	got := plan.Read(plan.Commands(true), replies, info(t))
	for n, want := range []float64{3, 1.5, 2, math.NaN(), 4} {
		if n == 3 && (got[n].Err == nil || !strings.Contains(got[n].Err.Error(), "held back")) || n != 3 && (got[n].Err != nil || got[n].Value != want) {
			t.Errorf("probe %d gives %+v, want %v", n, got[n], want)
		}
	}
}

func TestCallsAreThoseThatTheServerExecuted(t *testing.T) {
	plan := probe.Compile([]*probe.Probe{probe.List("a"), probe.List("b"), probe.List("c"), probe.StreamPending("s", "g"), probe.Script("x", nil, nil)})
	wrong, denied, unknown := errors.New("WRONGTYPE x"), errors.New("NOPERM x"), errors.New("ERR unknown command 'eval_ro'")
	first := plan.Count(probe.Calls{}, plan.Commands(false), []any{int64(1), wrong, denied, nil, unknown})
	second := plan.Count(first, plan.Commands(true), []any{int64(1), int64(1), int64(1), []any{}, nil})
	for command, want := range map[string]int64{"llen": 3, "xinfo|groups": 1, "xinfo": 1, "eval_ro": 0, "get": 0} {
		if got := second.Since(first, command); got != want {
			t.Errorf("%d calls of %s, want %d", got, command, want)
		}
	}
	if got := second.Since(probe.Calls{}, "llen"); got != 5 {
		t.Errorf("%d calls of llen in all, want 5", got)
	}
}
