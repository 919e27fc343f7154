package probe_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func info(t testing.TB) *redisinfo.Info {
	t.Helper()
	parsed, err := new(redisinfo.Parser).Parse([]byte("redis_version:7.0.15\r\nrun_id:a\r\nrole:master\r\nfield:1\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// running begins a run that knows already that the server is a Redis.
func running(probes ...*probe.Probe) *probe.Session {
	run := probe.Compile(probes).Start(probe.Sampling{Interval: 5 * time.Second, MaxAge: time.Minute})
	info, err := new(redisinfo.Parser).Parse([]byte(primary))
	if err != nil {
		panic(err)
	}
	run.Read(make([]any, len(run.Commands(heldBack(), nil))), info, nil, time.Now(), time.Now())
	return run
}

// attempt gives a run replies to what it asks.
func attempt(t testing.TB, run *probe.Session, onlyBounded bool, replies ...any) []probe.Result {
	t.Helper()
	if onlyBounded {
		run.Commands(heldBack(), nil)
	} else {
		run.Commands(nil, nil)
	}
	now := time.Now()
	return run.Read(replies, info(t), nil, now, now)
}

func heldBack() *probe.HeldBack {
	return &probe.HeldBack{
		Until: time.Date(2026, 11, 28, 12, 34, 56, 0, time.UTC), Cause: "the server did not answer in time",
		Suspects: []string{"a", "b", "c", "d", "e", "f", "g"},
	}
}

func eachKind() map[string]*probe.Probe {
	return map[string]*probe.Probe{
		"list": probe.List("k"), "zcount": probe.SortedSet("k", "1", ""), "string": probe.String("k"), "counter": probe.CounterKey("k"),
		"pending": probe.StreamPending("k", "g", ""), "lag": probe.StreamLag("k", "g", ""), "oldest pending": probe.StreamOldestPending("k", "g", ""),
		"oldest entry": probe.StreamOldestEntry("k"), "added": probe.StreamEntriesAdded("k"), "pubSub": probe.PubSub("c"),
		"script": probe.Script("return 1", nil, nil),
	}
}

// TestStrangeRepliesAreErrors answers each probe with what a Redis never says.
func TestStrangeRepliesAreErrors(t *testing.T) {
	now := []any{"1700000000", "0"}
	for name, p := range eachKind() {
		run := running(p)
		for _, reply := range []any{
			nil, "", "x", "NaN", "1e999", int64(-1), []any{}, []any{nil}, []any{int64(1)}, []any{"c"}, []any{"c", nil}, []any{"c", "7"},
			[]any{[]any{}}, []any{[]any{nil}}, []any{[]any{"1"}}, []any{[]any{"x-y"}}, []any{[]any{"name", "g"}}, []any{[]any{"name", "g", "lag"}},
			[]any{[]any{"name", "g", "lag", "x", "pending", nil}}, []any{[]any{"name", "g", "lag", nil, "pending", nil}}, []any{"entries-added", int64(1)}, []any{"entries-added", nil, "length", int64(1), "last-generated-id", "1-1"},
			[]any{"entries-added", int64(1), "length", int64(1), "last-generated-id", "1-1", "first-entry", []any{"x"}}, errors.New("ERR odd secret"), errors.New(""),
		} {
			replies := []any{reply}
			if p.WantsTime {
				replies = append(replies, now)
			}
			got := attempt(t, run, false, replies...)[0]
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
	run := running(probe.StreamOldestEntry("k"))
	for _, clock := range []any{nil, "1", []any{}, []any{"1"}, []any{int64(1), int64(2)}, []any{"x", "1"}, []any{"nan", "1"}, errors.New("NOPERM no")} {
		got := attempt(t, run, false, []any{[]any{"1700000000000-0", nil}}, clock)[0]
		if got.Err == nil {
			t.Errorf("%#v is taken for a clock: %v", clock, got.Value)
		}
	}
}

func TestProbesAskForNoMoreThanTheyRead(t *testing.T) {
	for want, p := range map[string]*probe.Probe{
		"zcard k": probe.SortedSet("k", "", ""), "zcount k 1 +inf": probe.SortedSet("k", "1", ""),
		"zcount k -inf (2": probe.SortedSet("k", "", "(2"), "zcount k 1 2": probe.SortedSet("k", "1", "2"),
		"getrange k 0 63": probe.String("k"),
	} {
		if got := strings.Join(p.Commands[0], " "); got != want {
			t.Errorf("it sends %s, want %s", got, want)
		}
	}
	plan := probe.Compile([]*probe.Probe{probe.List("k"), probe.Info("maxclients", probe.Gauge, probe.Sum)})
	if got := plan.InfoFields(); !slices.Equal(got, []string{"maxclients"}) {
		t.Errorf("the fields are %q", got)
	}
}

func TestKeysOfOtherNodesAreLeftOut(t *testing.T) {
	run := running(probe.List("here"), probe.List("elsewhere"), probe.PubSub("c"))
	sent := run.Commands(nil, func(key string) bool { return key == "here" })
	if len(sent) != 3 || sent[0] == nil || sent[1] != nil || sent[2] == nil {
		t.Errorf("it sends %v", sent)
	}
	now := time.Now()
	results := run.Read([]any{int64(1), nil, []any{"c", int64(2)}}, info(t), nil, now, now)
	if results[0].Value != 1 || results[1].Err == nil || results[2].Value != 2 {
		t.Errorf("it gives %+v", results)
	}
}

// TestRefusalsSayWhy gives errors as servers write them.
func TestRefusalsSayWhy(t *testing.T) {
	list, script, oldest := probe.List("k"), probe.Script("return 1", nil, nil), probe.StreamOldestPending("s", "g", "")
	const refuses, elsewhere = "the server refuses commands now: ", "the server is a node of a cluster that does not hold the key: "
	for _, test := range []struct {
		probe       *probe.Probe
		reply, want string
	}{
		{list, "WRONGTYPE x", `key "k" is of another type: it must be a list`},
		{list, "NOPERM x", "the server's ACL does not let this adapter call LLEN for this"},
		{list, "ERR unknown command 'llen'", "the server does not know the command LLEN"},
		{list, "BUSY x", refuses + "BUSY"},
		{list, "LOADING x", refuses + "LOADING"},
		{list, "MASTERDOWN x", refuses + "MASTERDOWN"},
		{list, "OOM x", refuses + "OOM"},
		{list, "MISCONF x", refuses + "MISCONF"},
		{list, "MOVED 1 x", elsewhere + "MOVED"},
		{list, "ASK 1 x", elsewhere + "ASK"},
		{list, "CLUSTERDOWN x", elsewhere + "CLUSTERDOWN"},
		{list, "CROSSSLOT x", elsewhere + "CROSSSLOT"},
		{list, "TRYAGAIN x", elsewhere + "TRYAGAIN"},
		{list, "ERR x", "the server refused to answer LLEN"},
		{oldest, "ERR no such key", `stream "s" does not exist`},
		{oldest, "NOGROUP x", `stream "s" has no consumer group "g": create it with XGROUP CREATE, or write whenGroupMissing if the workers that it is to scale create it`},
		{script, "ERR Error compiling script (new function): x", "the script does not compile"},
		{script, "ERR Function not found", "the server has no function of that name: load it with FUNCTION LOAD"},
		{script, "ERR Can not execute a script with write flag using *_ro command.", "the function may write: register it with the flag no-writes"},
		{script, "ERR Write commands are not allowed from read-only scripts. script: x", "the script writes, and only reading is allowed"},
		{script, "ERR Unknown Redis command called from script script: x", "the script calls a command that the server does not know"},
		{script, "NOPERM ACL failure in script: x", "the server's ACL does not let the script call a command"},
		{script, "WRONGTYPE x script: x", "the script reads a key as the wrong type"},
		{script, "BUSY x", refuses + "BUSY"},
		{script, "MOVED 1 x", "the script ended with an error, or the server refused to run it: MOVED"},
		{script, "ERR x", "the script ended with an error"},
	} {
		replies := []any{errors.New(test.reply)}
		if test.probe.WantsTime {
			replies = append(replies, []any{"1700000000", "0"})
		}
		if got := attempt(t, running(test.probe), false, replies...)[0]; got.Err == nil || got.Err.Error() != test.want {
			t.Errorf("%s gives %v, want %s", test.reply, got.Err, test.want)
		}
	}
}

func TestSharedCommandsAreSentOnce(t *testing.T) {
	run := running(probe.StreamLag("k", "g", ""), probe.StreamOldestPending("k", "g", ""), probe.StreamPending("k", "g", ""), probe.StreamOldestEntry("k"), probe.StreamPending("k", "h", ""))
	var sent []string
	for _, command := range run.Commands(nil, nil) {
		sent = append(sent, strings.Join(command, " "))
	}
	if got, want := strings.Join(sent, ", "), "xinfo groups k, xpending k g - + 1, xrange k - + count 1, time"; got != want {
		t.Errorf("it sends %s, want %s", got, want)
	}
	if bounded := run.Commands(heldBack(), nil); bounded[2] != nil || bounded[0] == nil || bounded[3] == nil {
		t.Errorf("what is bounded is %v", bounded)
	}
	groups := []any{[]any{"name", "g", "pending", int64(2), "lag", int64(3)}, []any{"name", "h", "pending", int64(4), "lag", nil}}
	got := attempt(t, run, true, groups, []any{[]any{"1700000000000-0", "c", int64(1), int64(1)}}, nil, []any{"1700000001", "500000"})
	for n, want := range []float64{3, 1.5, 2, math.NaN(), 4} {
		if n == 3 && (got[n].Err == nil || !strings.Contains(got[n].Err.Error(), "held back")) || n != 3 && (got[n].Err != nil || got[n].Value != want) {
			t.Errorf("probe %d gives %+v, want %v", n, got[n], want)
		}
	}
}

func TestCallsAreThoseThatTheServerExecuted(t *testing.T) {
	plan := probe.Compile([]*probe.Probe{probe.List("a"), probe.List("b"), probe.List("c"), probe.StreamPending("s", "g", ""), probe.Script("x", nil, nil)})
	run := plan.Start(probe.Sampling{Interval: 5 * time.Second, MaxAge: time.Minute})
	wrong, denied, unknown := errors.New("WRONGTYPE x"), errors.New("NOPERM x"), errors.New("ERR unknown command 'eval_ro'")
	attempt(t, run, false, int64(1), wrong, denied, nil, unknown)
	first := run.Own()
	attempt(t, run, true, int64(1), int64(1), int64(1), []any{}, nil)
	second := run.Own()
	for command, want := range map[string]int64{"llen": 3, "xinfo|groups": 1, "xinfo": 1, "eval_ro": 0, "get": 0} {
		if got, exact := second.Since(first, command); got != want || !exact {
			t.Errorf("%d calls of %s, want %d", got, command, want)
		}
	}
	if got, _ := second.Since(probe.Calls{}, "llen"); got != 5 {
		t.Errorf("%d calls of llen in all, want 5", got)
	}
	run.Commands(heldBack(), nil)
	run.Lost()
	attempt(t, run, true, int64(1), int64(1), int64(1), []any{}, nil)
	third := run.Own()
	for command, want := range map[string]bool{"llen": false, "xinfo": false, "get": true, "eval_ro": true} {
		if _, exact := third.Since(second, command); exact != want {
			t.Errorf("after a lost attempt the calls of %s are exact: %v", command, exact)
		}
	}
	attempt(t, run, true, int64(1), int64(1), int64(1), []any{}, nil)
	if got, exact := run.Own().Since(third, "llen"); got != 3 || !exact {
		t.Errorf("since after the lost attempt %d calls of llen, exact: %v", got, exact)
	}
}

func TestCounterIsBelowWhereFloatsAreExact(t *testing.T) {
	counter, gauge := probe.CounterKey("k"), probe.String("k")
	for _, test := range []struct {
		probe *probe.Probe
		text  string
		known bool
	}{
		{counter, "9007199254740991", true}, {counter, "9007199254740992", false}, {gauge, "9007199254740992", true},
	} {
		if got := attempt(t, running(test.probe), false, test.text)[0]; (got.Err == nil) != test.known {
			t.Errorf("%s as a %s gives %+v", test.text, test.probe.Kind, got)
		}
	}
}

// TestNumberThatIsCutOffIsNone has as much of a string arrive as is asked for: more may follow.
func TestNumberThatIsCutOffIsNone(t *testing.T) {
	for digits, known := range map[int]bool{63: true, 64: false} {
		if got := attempt(t, running(probe.String("k")), false, strings.Repeat("1", digits))[0]; (got.Err == nil) != known {
			t.Errorf("%d digits give %+v", digits, got)
		}
	}
}
