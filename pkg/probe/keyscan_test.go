package probe_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// TestWhatAnAttemptAsksForManyKeysIsBounded counts what several probes ask that share the bounds.
func TestWhatAnAttemptAsksForManyKeysIsBounded(t *testing.T) {
	const limit = 100_000
	run := running(probe.KeysCount("a", "", limit), probe.KeysLength("b", "set", limit), probe.KeysValue("c", "", limit), probe.List("l"))
	keys := make([]any, 2000)
	for n := range keys {
		keys[n] = fmt.Sprint("key", n)
	}
	pass := []any{int64(0), found("7", keys...), found("7", keys...), found("7", keys...)}
	attempt(t, run, false, pass...)
	measured := 0
	for {
		asked := map[string]int{}
		var replies []any
		for _, command := range run.Commands(nil, nil) {
			asked[command[0]]++
			reply := any(int64(1))
			switch command[0] {
			case "getrange":
				reply = "1"
			case "scan":
				if at := strings.Join(command, " "); !strings.Contains(at, " count 1666") {
					t.Fatal(at)
				}
				reply = found("7")
			}
			replies = append(replies, reply)
		}
		if asked["scan"] == 3 {
			break
		}
		if asked["llen"] != 1 || asked["scard"] > 333 || asked["getrange"]+asked["exists"] > 333 || asked["getrange"] != asked["exists"] {
			t.Fatalf("an attempt asks %v", asked)
		}
		measured += asked["scard"] + asked["getrange"]
		attempt(t, run, false, replies...)
	}
	if least := 2*len(keys) - 333 - 166; measured < least {
		t.Errorf("%d keys were measured before SCAN went on, want %d at least", measured, least)
	}
	held := run.Commands(heldBack(), nil)
	if len(held) != 1 {
		t.Errorf("%d commands are sent though they are held back", len(held)-1)
	}
	for place, got := range attempt(t, run, true, int64(1))[:3] {
		if got.Err == nil || !strings.Contains(got.Err.Error(), "held back") {
			t.Errorf("probe %d gives %+v", place, got)
		}
	}
	if got, _ := run.Own().Since(probe.Calls{}, "scard"); got == 0 || got > int64(measured) {
		t.Errorf("%d calls of SCARD are counted", got)
	}
}

func TestPassTellsWhenItWasMeasured(t *testing.T) {
	run := running(probe.KeysLength("j:*", "list", 3))
	t0 := time.Now()
	read := func(begin time.Duration, replies ...any) probe.Result {
		run.Commands(nil, nil)
		info, err := new(redisinfo.Parser).Parse([]byte(primary))
		if err != nil {
			t.Fatal(err)
		}
		return run.Read(replies, info, nil, t0.Add(begin), t0.Add(begin+time.Second))[0]
	}
	read(0, found("7", "j:1"))
	read(5*time.Second, int64(2), found("0", "j:2"))
	got := read(10*time.Second, int64(3))
	later := read(15*time.Second, found("7"))
	if got.Err != nil || got.Value != 5 || !got.Began.Equal(t0) || !got.Ended.Equal(t0.Add(11*time.Second)) || later != got {
		t.Errorf("it gives %+v and later %+v", got, later)
	}
}

// TestPassIsKnownForMaxAge begins a pass at 0, has SCAN end it or not, and reads what is known some time later.
func TestPassIsKnownForMaxAge(t *testing.T) {
	const maxAge, slow = time.Minute, "not complete within maxAge 1m0s"
	for name, test := range map[string]struct {
		ended, at time.Duration // below 0: the pass goes on
		says      string        // empty if its number is known
	}{
		"under way":               {-1, maxAge, none},
		"under way for longer":    {-1, maxAge + 1, slow},
		"took as long":            {maxAge, maxAge, ""},
		"took longer":             {maxAge + 1, maxAge + 1, slow},
		"ended as long ago":       {time.Second, time.Second + maxAge, ""},
		"ended a longer time ago": {time.Second, time.Second + maxAge + 1, slow},
	} {
		run, begun := running(probe.KeysCount("*", "", 9)), time.Now()
		read := func(cursor string, at time.Duration) probe.Result {
			run.Commands(nil, nil)
			return run.Read([]any{found(cursor, "a")}, info(t), nil, begun.Add(at), begun.Add(at))[0]
		}
		read("7", 0)
		if test.ended > 0 && test.ended < test.at {
			read("0", test.ended)
		}
		cursor := "7"
		if test.ended == test.at {
			cursor = "0"
		}
		got := read(cursor, test.at)
		if (got.Err == nil) != (test.says == "") || got.Err == nil && got.Value != 1 || got.Err != nil && !strings.Contains(got.Err.Error(), test.says) {
			t.Errorf("%s: %+v, want %q", name, got, test.says)
		}
	}
}

// FuzzCountIsThatOfASet cuts a text into the keys of several replies to SCAN.
func FuzzCountIsThatOfASet(f *testing.F) {
	f.Add("a,b,a;;b,c;a")
	f.Add(";")
	f.Fuzz(func(t *testing.T, text string) {
		run := running(probe.KeysCount("*", "", 1<<20))
		set := map[string]bool{}
		replies := strings.Split(text, ";")
		info, err := new(redisinfo.Parser).Parse([]byte(primary))
		if err != nil {
			t.Fatal(err)
		}
		var got probe.Result
		now := time.Now()
		for n, reply := range replies {
			var keys []any
			for _, key := range strings.Split(reply, ",") {
				set[key] = true
				keys = append(keys, key)
			}
			run.Commands(nil, nil)
			got = run.Read([]any{found(strconv.Itoa(len(replies)-1-n), keys...)}, info, nil, now, now)[0]
			if last := n == len(replies)-1; last == (got.Err != nil) {
				t.Fatalf("reply %d gives %+v", n, got)
			}
		}
		if got.Value != float64(len(set)) {
			t.Errorf("%q has %v keys, want %d", text, got.Value, len(set))
		}
	})
}
