package poller

import (
	"context"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

// eachKind is a probe of every kind.
func eachKind() []*probe.Probe {
	return []*probe.Probe{
		probe.List("list"), probe.Set("set"), probe.Hash("hash"), probe.HyperLogLog("hll"),
		probe.SortedSet("zset", "", ""), probe.SortedSet("zset", "1", "2"), probe.String("string"), probe.CounterKey("string"),
		probe.StreamLength("stream"), probe.StreamPending("stream", "group", ""), probe.StreamLag("stream", "group", ""),
		probe.StreamOldestPending("stream", "group", ""), probe.StreamOldestEntry("stream"), probe.StreamEntriesAdded("stream"),
		probe.Info("maxclients", probe.Gauge, probe.Sum), probe.PubSub("news"), probe.Script("return 1", nil, nil),
		probe.Function("one", nil, nil),
		probe.KeysLength("li*", "list", 1), probe.KeysValue("string", "", 1),
	}
}

// TestAllProbesOfATickGoInOneRoundTrip but those of the keys that a scan finds,
// which takes another one.
func TestAllProbesOfATickGoInOneRoundTrip(t *testing.T) {
	server := redistest.New(t)
	fill(server)
	o := declaring(t, server, eachKind()...)
	o.sample()
	before, after := o.sample(), o.sample()
	// The server counts a read when it has taken what a client sent, and INFO is in the first line of that.
	reads := func(s string) int64 {
		n, err := before.Nodes[0].Info.Int(s)
		m, errAfter := after.Nodes[0].Info.Int(s)
		if err != nil || errAfter != nil {
			t.Fatal(err, errAfter)
		}
		return m - n
	}
	if got := reads("total_reads_processed"); got != 2 {
		t.Errorf("the server read %d times for one attempt, want twice", got)
	}
	// Two of the stream's probes share XINFO GROUPS, and two of the string's GETRANGE.
	// What the SCANs find is measured with LLEN, and with GETRANGE and EXISTS, before another ECHO.
	want := int64(len("I") + len(eachKind()) - 1 - 2 + len("T") + len("E") + len("LGX") + len("E"))
	if got := reads("total_commands_processed"); got != want {
		t.Errorf("the server executed %d commands for one attempt, want %d", got, want)
	}
}

func TestProbesAreNoRequests(t *testing.T) {
	server := redistest.New(t)
	fill(server)
	server.Do("function", "load", "#!lua name=lib\nredis.register_function{function_name='one', callback=function() return 1 end, flags={'no-writes'}}")
	probes := append(eachKind(),
		probe.List("none"), probe.List("set"), probe.StreamLag("none", "group", ""), probe.Script("no Lua", nil, nil), probe.Script("error('x')", nil, nil))
	o := declaring(t, server, probes...)
	o.sample()
	idle := func() {
		t.Helper()
		for range 3 {
			o.sample()
			got, err := o.read(catalog.RequestsPerSecond)
			if err != nil || got.Value != 0 {
				t.Fatalf("requests-per-second = %v, %v; want exactly 0", got.Value, err)
			}
		}
	}
	idle()
	// A command that the ACL refuses is not executed, and not counted.
	server.Do("acl", "setuser", "default", "-llen", "-eval_ro", "-xinfo|groups")
	o.sample()
	o.unknown(0, "ACL does not let this adapter call LLEN")
	o.unknown(9, "ACL does not let this adapter call XINFO GROUPS")
	o = declaring(t, server, probes...)
	o.sample()
	idle()
	server.Do("rpush", "list", "d")
	o.sample()
	got, err := o.read(catalog.RequestsPerSecond)
	if sent := got.Value * got.Window.Seconds(); err != nil || sent < 0.999 || sent > 1.001 {
		t.Errorf("%v requests over the window, %v; want the one that a client sent", sent, err)
	}
}

// TestProbesOfAFailedAttemptAreNoRequests has a server execute what it was sent
// after the attempt had given up.
func TestProbesOfAFailedAttemptAreNoRequests(t *testing.T) {
	server := redistest.New(t)
	o := declaring(t, server, probe.List("a"), probe.List("b"))
	o.sample()
	server.Signal(syscall.SIGSTOP)
	o.poller.target.Timeout = 100 * time.Millisecond
	o.fail(reason.Timeout)
	server.Signal(syscall.SIGCONT)
	o.poller.target.Timeout = samplertest.Ample
	samples := 1
	samplertest.Poll(t, "the late execution of what was sent", func() bool {
		record, _ := o.sample().Nodes[0].Info.Record("cmdstat_llen")
		calls, err := record.Int("calls")
		if err != nil {
			t.Fatal(err)
		}
		known := int64(2 * samples)
		samples++
		return calls > known
	})
	if got, err := o.read(catalog.RequestsPerSecond); err == nil || !strings.Contains(err.Error(), "an attempt to sample failed within the window") {
		t.Errorf("requests-per-second = %v, %v; want it unknown", got.Value, err)
	}
	if got, err := o.read("commands-per-second"); err != nil || got.Value <= 0 {
		t.Errorf("commands-per-second = %v, %v", got.Value, err)
	}
}

func TestReadOnlyUserSuffices(t *testing.T) {
	server := redistest.New(t)
	fill(server)
	server.Do("function", "load", "#!lua name=lib\nredis.register_function{function_name='one', callback=function() return 1 end, flags={'no-writes'}}")
	rules := samplertest.ACLRules(t)
	admin := samplertest.Restrict(t, server, rules)
	probes := eachKind()
	o := declaring(t, server, probes...)
	for range 3 {
		o.sample()
	}
	for place := range probes {
		// PFCOUNT may note its estimate in the key, and so asks for the right to write to it.
		if place == 3 {
			o.unknown(place, "ACL does not let this adapter call PFCOUNT")
			continue
		}
		o.value(place)
	}
	if _, err := o.read(catalog.RequestsPerSecond); err != nil {
		t.Error(err)
	}
	set := func(rule string) {
		t.Helper()
		if err := admin.Do(t.Context(), "acl", "setuser", "default", rule).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, rule := range rules {
		command, ok := strings.CutPrefix(rule, "+")
		if !ok || slices.Contains([]string{"info", "echo", "select", "client|setname"}, command) || strings.HasPrefix(command, "cluster|") || strings.HasSuffix(command, "|kill") {
			continue // TestServerThatRefuses, TestReadOnlyUserSufficesInACluster and TestDocumentedUserMayEndItsScripts show that those are needed
		}
		set("-" + command)
		o.sample()
		o.sample()
		words := strings.ToUpper(strings.ReplaceAll(command, "|", " "))
		if !slices.ContainsFunc(probes, func(p *probe.Probe) bool {
			_, err := o.declared(slices.Index(probes, p))
			return err != nil && strings.Contains(err.Error(), words)
		}) {
			t.Errorf("nothing needs +%s", command)
		}
		set("+" + command)
	}
	set("+pfcount")
	set("%RW~hll")
	o.sample()
	if got := o.value(3); got != 6 {
		t.Errorf("the HyperLogLog has %v members, want 6", got)
	}
}

func TestScriptThatLoopsIsHeldBack(t *testing.T) {
	server := redistest.New(t, "--busy-reply-threshold", "50")
	tgt := samplertest.TargetAt("declaring", server.Addr)
	tgt.Probes = probe.Compile([]*probe.Probe{probe.Script("while true do end", nil, nil), probe.List("list")})
	ended, cancel := context.WithCancel(t.Context())
	cancel() // no script is watched, and this one is left to the test
	o := probingOver(t.Context(), t, dialerBy(ended, t, samplertest.Local(t), &samplertest.Credentials{Newest: &credentials.Credentials{}}), tgt)
	o.poller.target.Timeout = time.Second
	now := time.Now()
	var ahead time.Duration
	o.poller.now = func() time.Time { return now.Add(time.Since(now) + ahead) }
	kill := func() {
		t.Helper()
		server.Do("script", "kill") // which is answered before the script has ended
		samplertest.Poll(t, "the script has ended", func() bool { return server.Client().Ping(t.Context()).Err() == nil })
	}
	o.fail(reason.Timeout)
	o.fail(reason.Busy)
	kill()
	o.sample()
	o.unknown(0, "UTC: the server did not answer in time when it was asked for the script of EVAL_RO")
	if got := o.value(1); got != 0 {
		t.Errorf("the list gives %v, want 0", got)
	}
	ahead += firstHold
	o.fail(reason.Timeout)
	kill()
	ahead += firstHold // the second time it takes longer
	o.sample()
	ahead += firstHold
	o.fail(reason.Timeout)
	kill()
}

func TestAnswerThatIsTooLargeIsHeldBack(t *testing.T) {
	server := redistest.New(t)
	o := declaring(t, server, probe.Script("local t = {} for n = 1, 10000 do t[n] = n end return t", nil, nil), probe.List("list"))
	o.fail(reason.Protocol)
	o.sample()
	o.unknown(0, "UTC: the reply of the server was too long or malformed when it was asked for the script of EVAL_RO")
	o.value(1)
}

func TestLargeStringIsNotAskedFor(t *testing.T) {
	server := redistest.New(t)
	server.Do("set", "large", strings.Repeat("7", 4<<20))
	o := declaring(t, server, probe.String("large"))
	o.sample()
	o.unknown(0, `key "large" holds no number`)
}

func TestTwoTargetsOfOneServerReadTheirOwnDatabases(t *testing.T) {
	server := redistest.New(t)
	server.Do("rpush", "jobs", "a", "b")
	one := declaring(t, server, probe.List("jobs"))
	other := samplertest.TargetAt("other", server.Addr)
	other.Database = 1
	other.Probes = probe.Compile([]*probe.Probe{probe.String("jobs"), probe.List("jobs")})
	two := probing(t, other)
	one.sample()
	two.sample()
	if got := one.value(0); got != 2 {
		t.Errorf("database 0 has %v jobs, want 2", got)
	}
	two.unknown(0, "does not exist")
	if got := two.value(1); got != 0 {
		t.Errorf("database 1 has %v jobs, want 0", got)
	}
}
