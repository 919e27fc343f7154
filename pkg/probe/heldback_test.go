package probe_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

func TestHeldBackNamesWhatMayBeAtFaultAndWhenItEnds(t *testing.T) {
	run := running(probe.List("k"), probe.Script("x", nil, nil))
	results := attempt(t, run, true, int64(1), nil)
	const want = "held back until 12:34:56 UTC: the server did not answer in time when it was asked for a, b, c, d, e and 2 more"
	var held *probe.HeldBack
	if err := results[1].Err; !errors.As(err, &held) || err.Error() != want {
		t.Errorf("it says %v, want %s", err, want)
	}
	if results[0].Err != nil || results[0].Value != 1 {
		t.Errorf("what is bounded gives %+v", results[0])
	}
	most := heldBack()
	most.Suspects = most.Suspects[:5]
	if got := most.Error(); !strings.HasSuffix(got, "a, b, c, d, e") {
		t.Errorf("of as many as it names it says %s", got)
	}
	few := &probe.HeldBack{Until: time.Date(2026, 1, 1, 1, 2, 3, 0, time.FixedZone("", 3600)), Cause: "a script blocked the server", Suspects: []string{"a"}}
	if got, want := few.Error(), "held back until 00:02:03 UTC: a script blocked the server when it was asked for a"; got != want {
		t.Errorf("it says %s, want %s", got, want)
	}
}

func TestSuspectsAreWhatNothingBounds(t *testing.T) {
	plan := probe.Compile([]*probe.Probe{
		probe.Info("maxclients", probe.Gauge, probe.Sum), probe.List("k"), probe.Script("x", nil, nil), probe.Script("y", nil, nil), probe.Function("f", nil, nil), probe.KeysCount("j:*", "", 1),
		probe.KeysLength("j:*", "list", 1), probe.StreamOldestEntry("s"), probe.StreamEntriesAdded("s"), probe.StreamLag("s", "g", ""),
	})
	want := []string{"the script of EVAL_RO", "the script of FCALL_RO", `SCAN of "j:*"`, `XRANGE of "s"`, `XINFO STREAM of "s"`}
	if got := plan.Suspects(); !slices.Equal(got, want) {
		t.Errorf("suspects are %q, want %q", got, want)
	}
}

func TestOnlyScriptsAreLeftOut(t *testing.T) {
	run := running(probe.List("k"), probe.Script("x", nil, nil), probe.StreamOldestEntry("s"), probe.Function("f", nil, nil), probe.KeysCount("j:*", "", 9))
	off := &probe.HeldBack{OnlyScripts: true, Cause: "a script did not end"}
	commands := run.Commands(off, func(key string) bool { return key != "k" })
	sent := map[string]bool{}
	for _, command := range commands {
		if command != nil {
			sent[command[0]] = true
		}
	}
	for name, want := range map[string]bool{"llen": false, "eval_ro": false, "fcall_ro": false, "xrange": true, "scan": true} {
		if sent[name] != want {
			t.Errorf("%s is sent: %t, want %t", name, sent[name], want)
		}
	}
	if run.RunsScript() {
		t.Error("a script is said to be sent")
	}
	results := run.Read(make([]any, len(commands)), &redisinfo.Info{}, nil, time.Now(), time.Now())
	for place, want := range []string{"the shard that holds the key", "not asked again until spec changes: a script did not end", "", "not asked again"} {
		if err := results[place].Err; want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("probe %d: %v, want %q", place, err, want)
		}
	}
	run.Commands(nil, nil)
	if !run.RunsScript() {
		t.Error("no script is said to be sent")
	}
}
