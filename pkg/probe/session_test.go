package probe_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// fakeKeys answers SCAN as a database of that many keys of one list each, whose
// cursor is the place of the next key.
type fakeKeys int

func (size fakeKeys) answer(t *testing.T, commands []probe.Command) (replies []any, looked int) {
	t.Helper()
	for _, command := range commands {
		switch command[0] {
		case "getrange":
			replies = append(replies, "1")
			continue
		case "llen", "exists":
			replies = append(replies, int64(1))
			continue
		}
		from, errFrom := strconv.Atoi(command[1])
		count, errCount := strconv.Atoi(command[slices.Index(command, "count")+1])
		if errFrom != nil || errCount != nil {
			t.Fatal(command)
		}
		to := min(from+count, int(size))
		looked += to - from
		var keys []any
		for n := from; n < to; n++ {
			keys = append(keys, fmt.Sprint("j:", n))
		}
		replies = append(replies, found(strconv.Itoa(to%int(size)), keys...))
	}
	return replies, looked
}

// attempt makes a whole attempt, and returns what it gives, the round trips that
// it takes, the keys that SCAN looks at and the commands that measure some.
func (size fakeKeys) attempt(t *testing.T, run *probe.Session, info string, now time.Time) (results []probe.Result, trips, looked, measured int) {
	t.Helper()
	parsed, err := new(redisinfo.Parser).Parse([]byte(info))
	if err != nil {
		t.Fatal(err)
	}
	commands := run.Commands(nil, nil)
	for first := true; first || len(commands) > 0; first = false {
		replies, seen := size.answer(t, commands)
		if first {
			results = run.Read(replies, parsed, nil, now, now)
		} else {
			results = run.ReadMore(replies, now, now)
		}
		trips++
		looked += seen
		for _, command := range commands {
			if command[0] != "scan" {
				measured++
			}
		}
		if trips > 1000 {
			t.Fatal("an attempt has no end")
		}
		commands = run.More()
	}
	return results, trips, looked, measured
}

const keyDB = primary + "thread_0_clients:1\r\n"

func TestAttemptTakesSeveralRoundTrips(t *testing.T) {
	const limit = 100_000
	for name, test := range map[string]struct {
		probes   []*probe.Probe
		keys     fakeKeys
		info     string
		attempts int // that a pass takes
		trips    int // of the first attempt
		looked   int
		measured int // at most, in each attempt
	}{
		"a small database":             {[]*probe.Probe{probe.KeysCount("*", "", limit)}, 300, primary, 1, 1, 300, 0},
		"lengths in a small one":       {[]*probe.Probe{probe.KeysLength("*", "list", limit)}, 300, primary, 1, 2, 300, 300},
		"a walk over 50,000 keys":      {[]*probe.Probe{probe.KeysCount("*", "", limit)}, 50_000, primary, 2, 5, 25_000, 0},
		"lengths of many keys":         {[]*probe.Probe{probe.KeysLength("*", "list", limit)}, 10_000, primary, 2, 6, 10_000, 5000},
		"values of many keys":          {[]*probe.Probe{probe.KeysValue("*", "", limit)}, 10_000, primary, 4, 6, 5000, 5000},
		"several share what is asked":  {[]*probe.Probe{probe.KeysValue("*", "", limit), probe.KeysValue("a*", "", limit), probe.KeysValue("b*", "", limit)}, 2000, primary, 4, 6, 1002, 4998},
		"several share what is looked": {[]*probe.Probe{probe.KeysCount("*", "", limit), probe.KeysCount("j*", "", limit)}, 12_500, primary, 1, 5, 25_000, 0},
		"KeyDB":                        {[]*probe.Probe{probe.KeysCount("*", "", limit)}, 24_000, keyDB, 1, 243, 24_000, 0},
		"a server without a version":   {[]*probe.Probe{probe.KeysCount("*", "", limit)}, 24_000, "run_id:a\r\nrole:master\r\n", 1, 243, 24_000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			run := running(test.probes...)
			test.keys.attempt(t, run, test.info, time.Now())
			for range test.attempts - 1 {
				test.keys.attempt(t, run, test.info, time.Now())
			}
			for attempt := 1; attempt <= test.attempts; attempt++ {
				results, trips, looked, measured := test.keys.attempt(t, run, test.info, time.Now())
				if attempt == 1 && (trips != test.trips || looked != test.looked) || measured > test.measured {
					t.Errorf("attempt %d takes %d round trips, looks at %d keys and measures %d, want %d, %d and %d at most", attempt, trips, looked, measured, test.trips, test.looked, test.measured)
				}
				if results[0].Err != nil || results[0].Value != float64(test.keys) {
					t.Errorf("attempt %d gives %+v, want %d", attempt, results[0], test.keys)
				}
			}
		})
	}
}

// TestFirstScanIsCautious asks a server little until it is known not to be KeyDB.
func TestFirstScanIsCautious(t *testing.T) {
	run := probe.Compile([]*probe.Probe{probe.KeysCount("*", "", 9)}).Start(probe.Sampling{MaxAge: time.Minute})
	count := func(commands []probe.Command) string { return commands[0][5] }
	if got := count(run.Commands(nil, nil)); got != "99" {
		t.Errorf("the first COUNT is %s, want 99", got)
	}
	attempt(t, run, false, found("7"))
	if got := count(run.More()); got != "5000" {
		t.Errorf("once the server is known COUNT is %s, want 5000", got)
	}
}

func TestFailureInALaterRoundTripEndsThePass(t *testing.T) {
	run := running(probe.KeysLength("*", "list", 9))
	attempt(t, run, false, found("0", "a"))
	run.More()
	sent := time.Now().Add(time.Second)
	got := run.ReadMore([]any{errors.New("WRONGTYPE x")}, sent, sent.Add(time.Second))[0]
	if got.Err == nil || !strings.Contains(got.Err.Error(), "of another type") || len(run.More()) > 0 {
		t.Errorf("it gives %+v and asks on", got)
	}
	if !got.Began.Before(sent) || !got.Ended.Equal(sent.Add(time.Second)) {
		t.Errorf("the pass that failed began at %v and ended at %v", got.Began, got.Ended)
	}
}

func TestPassTooSlowForMaxAgeSaysWhatToWrite(t *testing.T) {
	for _, test := range []struct {
		size     int
		interval time.Duration
		maxAge   time.Duration
		want     string
	}{
		{200_000, 5 * time.Second, 15 * time.Second, "the database has 200000 keys: set spec.sampling.maxAge to 50s or more, or shorten spec.sampling.interval, or keep the number in a key of its own"},
		{200_000, 5 * time.Second, 50 * time.Second, "raise spec.sampling.maxAge or shorten spec.sampling.interval, or"},
		{200_000, time.Second, 15 * time.Second, "raise spec.sampling.maxAge or shorten spec.sampling.interval, or"},
		{0, 5 * time.Second, 15 * time.Second, "raise spec.sampling.maxAge or shorten spec.sampling.interval, or"},
	} {
		run := probe.Compile([]*probe.Probe{probe.KeysCount("*", "", 9)}).Start(probe.Sampling{Database: 3, Interval: test.interval, MaxAge: test.maxAge})
		info, err := new(redisinfo.Parser).Parse(fmt.Appendf(nil, "redis_version:7.0.15\r\nrun_id:a\r\nrole:master\r\ndb0:keys=1,expires=0\r\ndb3:keys=%d,expires=0\r\n", test.size))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		for _, at := range []time.Time{now, now.Add(test.maxAge + time.Second)} {
			run.Commands(nil, nil)
			got := run.Read([]any{found("7")}, info, nil, at, at)[0]
			if late := at.After(now); late && (got.Err == nil || !strings.Contains(got.Err.Error(), test.want)) || !late && !errors.Is(got.Err, probe.ErrNoScan) {
				t.Errorf("at %v it gives %v, want %s", at.Sub(now), got.Err, test.want)
			}
		}
	}
}

// TestReplicaWithoutItsPrimaryKnowsNoKeys reads old data in a fresh answer.
func TestReplicaWithoutItsPrimaryKnowsNoKeys(t *testing.T) {
	probes := []*probe.Probe{
		probe.List("l"), probe.CounterKey("c"), probe.StreamLength("s"), probe.Script("return 1", nil, nil), probe.KeysCount("*", "", 9),
		probe.PubSub("news"), probe.Info("maxclients", probe.Gauge, probe.Sum),
	}
	const replica = "redis_version:7.0.15\r\nrun_id:a\r\nrole:slave\r\nmaxclients:7\r\nmaster_link_status:"
	replies := []any{int64(1), "2", int64(3), int64(4), []any{"news", int64(5)}, found("0", "a")}
	run := running(probes...)
	for _, link := range []string{"up", "down", "up"} {
		info, err := new(redisinfo.Parser).Parse([]byte(replica + link + "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		run.Commands(nil, nil)
		results := run.Read(replies, info, redisinfo.Outdated(info), time.Now(), time.Now())
		for place, want := range []float64{1, 2, 3, 4, 1, 5, 7} {
			got := results[place]
			if known := link == "up" || place > 4; known && (got.Err != nil || got.Value != want) || !known && (got.Err == nil || !strings.Contains(got.Err.Error(), "link to its primary is down")) {
				t.Errorf("link %s: probe %d gives %+v, want %v", link, place, got, want)
			}
		}
		if more := run.More(); len(more) > 0 {
			t.Errorf("link %s: it asks for %v", link, more)
		}
	}
}

// TestPassOfAClusterWaitsForTheNextInfo holds back what may count a key twice that
// moved from one node to another while both were scanned.
func TestPassOfAClusterWaitsForTheNextInfo(t *testing.T) {
	const moved = primary + "cmdstat_restore-asking:calls=1,usec=1,usec_per_call=1\r\n"
	run := running(probe.KeysCount("*", "", 9))
	now := time.Now()
	for n, test := range []struct {
		info string
		keys []any
		want string // a number, or words of an error
	}{
		{primary, []any{"a"}, none},
		{primary, []any{"a", "b"}, "1"},
		{primary, []any{"a", "b", "c"}, "2"},
		{moved, []any{"a", "b"}, none},
		{moved, []any{"a"}, "2"},
		{moved, []any{"a"}, "1"},
	} {
		info, err := new(redisinfo.Parser).Parse([]byte(test.info))
		if err != nil {
			t.Fatal(err)
		}
		run.Commands(nil, func(string) bool { return true })
		got := run.Read([]any{found("0", test.keys...)}, info, nil, now, now)[0]
		if got.Err == nil && strconv.Itoa(int(got.Value)) != test.want || got.Err != nil && !strings.Contains(got.Err.Error(), test.want) {
			t.Errorf("attempt %d gives %+v, want %s", n, got, test.want)
		}
	}
}

// TestPassBeginsAgainAfterABreak leaves a pass half done, for a time in which its
// data is old or it is not asked for.
func TestPassBeginsAgainAfterABreak(t *testing.T) {
	const up, down = "redis_version:7.0.15\r\nrun_id:a\r\nrole:slave\r\nmaster_link_status:up\r\n", "redis_version:7.0.15\r\nrun_id:a\r\nrole:slave\r\nmaster_link_status:down\r\n"
	for name, test := range map[string]struct {
		held *probe.HeldBack
		info string
	}{
		"held back":              {heldBack(), up},
		"link to primary is cut": {nil, down},
	} {
		t.Run(name, func(t *testing.T) {
			run := running(probe.KeysCount("*", "", 9))
			read := func(held *probe.HeldBack, text, cursor string) {
				t.Helper()
				info, err := new(redisinfo.Parser).Parse([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				commands := run.Commands(held, nil)
				if held == nil && commands[0][1] != cursor {
					t.Errorf("SCAN goes on at %s, want %s", commands[0][1], cursor)
				}
				run.Read([]any{found("7")}[:len(commands)], info, redisinfo.Outdated(info), time.Now(), time.Now())
			}
			read(nil, up, "0")
			read(test.held, test.info, "7")
			read(nil, up, "0")
			read(nil, up, "7")
		})
	}
}

// TestWhatWasHeldBackSaysSoUntilAPassIsComplete reads a node of a cluster, where a pass counts only with the INFO of the
// next attempt: until then the error must still name the hold, though its time is over.
func TestWhatWasHeldBackSaysSoUntilAPassIsComplete(t *testing.T) {
	run := running(probe.KeysCount("*", "", 9))
	for n, test := range []struct {
		held *probe.HeldBack
		says string
		not  string
	}{
		{heldBack(), "held back until", "no pass"},
		{nil, "held back before: no scan of the keys is complete yet", "until"},
		{nil, "", ""},
	} {
		commands := run.Commands(test.held, func(string) bool { return true })
		now := time.Now()
		got := run.Read([]any{found("0", "a")}[:len(commands)], info(t), nil, now, now)[0]
		switch {
		case test.says == "":
			if got.Err != nil || got.Value != 1 {
				t.Errorf("attempt %d gives %+v", n, got)
			}
		case got.Err == nil || !strings.Contains(got.Err.Error(), test.says) || strings.Contains(got.Err.Error(), test.not):
			t.Errorf("attempt %d gives %+v, want %q", n, got, test.says)
		}
	}
}

// TestPassOfOtherDataWasNotHeldBack has a server restart after its keys were held back.
func TestPassOfOtherDataWasNotHeldBack(t *testing.T) {
	run := running(probe.KeysCount("*", "", 9))
	run.Commands(nil, nil)
	other, err := new(redisinfo.Parser).Parse([]byte(strings.ReplaceAll(primary, "run_id:", "run_id:f")))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	got := run.Read([]any{found("7")}, other, nil, now, now)[0]
	if !errors.Is(got.Err, probe.ErrNoScan) || strings.Contains(got.Err.Error(), "held back") {
		t.Errorf("it gives %+v", got)
	}
}
