package probe_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// one is an attempt: what is asked, what is answered, and what is known then.
type one struct {
	asks    string // commands, a comma between
	replies []any  // none when the attempt fails
	info    string // before the replies; a primary's if it is empty
	after   time.Duration
	want    string // a number, or words of an error
}

const primary, secondProcess = "redis_version:7.0.15\r\nrun_id:a\r\nrole:master\r\nmaster_replid:x\r\ndb0:keys=60000,expires=0\r\n", "redis_version:7.0.15\r\nrun_id:b\r\nrole:master\r\nmaster_replid:x\r\n"

func found(cursor string, keys ...any) any { return []any{cursor, append([]any{}, keys...)} }

// follow makes the attempts of a run, which begin 5 seconds apart.
func follow(t *testing.T, p *probe.Probe, attempts []one) {
	t.Helper()
	run := running(p)
	now := time.Now()
	for n, a := range attempts {
		now = now.Add(5*time.Second + a.after)
		var asked []string
		for _, command := range run.Commands(nil, nil) {
			asked = append(asked, strings.Join(command, " "))
		}
		if got := strings.Join(asked, ", "); got != a.asks {
			t.Fatalf("attempt %d asks %s, want %s", n, got, a.asks)
		}
		if a.replies == nil {
			continue
		}
		if a.info == "" {
			a.info = primary
		}
		info, err := new(redisinfo.Parser).Parse([]byte(a.info))
		if err != nil {
			t.Fatal(err)
		}
		got := run.Read(a.replies, info, nil, now, now.Add(time.Millisecond))[0]
		if text := strconv.FormatFloat(got.Value, 'g', -1, 64); got.Err == nil && text != a.want || got.Err != nil && !strings.Contains(got.Err.Error(), a.want) {
			t.Errorf("attempt %d gives %+v, want %s", n, got, a.want)
		}
		if got.Err != nil && (strings.Contains(got.Err.Error(), "secret") || a.want == "") {
			t.Errorf("attempt %d says %v", n, got.Err)
		}
	}
}

const (
	scan0, scan7 = "scan 0 match j:* count 5000", "scan 7 match j:* count 5000"
	list0, list7 = scan0 + " type list", scan7 + " type list"
	none         = "no scan of the keys is complete yet"
)

func TestPassOverTheKeys(t *testing.T) {
	count, length, value := probe.KeysCount("j:*", "", 3), probe.KeysLength("j:*", "list", 3), probe.KeysValue("j:*", "", 3)
	wrong := errors.New("WRONGTYPE of secret")
	for name, test := range map[string]struct {
		probe    *probe.Probe
		attempts []one
	}{
		"count in one attempt": {count, []one{
			{asks: scan0, replies: []any{found("0", "j:1", "j:2")}, want: "2"},
			{asks: scan0, replies: []any{found("0")}, want: "0"},
		}},
		"count in several, with duplicates": {count, []one{
			{asks: scan0, replies: []any{found("7", "j:1", "j:2", "j:1")}, want: none},
			{asks: scan7, replies: []any{found("8", "j:2", "j:3")}, want: none},
			{asks: "scan 8 match j:* count 5000", replies: []any{found("0", "j:3")}, want: "3"},
			{asks: scan0, replies: []any{found("7", "j:4")}, want: "3"},
			{asks: scan7, replies: []any{found("0")}, want: "1"},
		}},
		"length": {length, []one{
			{asks: list0, replies: []any{found("7", "j:1", "j:2")}, want: none},
			{asks: "llen j:1, llen j:2, " + list7, replies: []any{int64(4), int64(0), found("0", "j:2", "j:3")}, want: none},
			{asks: "llen j:3", replies: []any{int64(6)}, want: "10"},
			{asks: list0, replies: []any{found("0")}, want: "0"},
		}},
		"value, one key is gone": {value, []one{
			{asks: scan0, replies: []any{found("0", "j:1", "j:2")}, want: none},
			{asks: "getrange j:1 0 63, exists j:1, getrange j:2 0 63, exists j:2", replies: []any{"2.5", int64(1), "", int64(0)}, want: "2.5"},
		}},
		"value of an empty string": {value, []one{
			{asks: scan0, replies: []any{found("0", "j:1")}, want: none},
			{asks: "getrange j:1 0 63, exists j:1", replies: []any{"", int64(1)}, want: `a key that matches "j:*" holds no number`},
		}},
		"value of 0": {value, []one{
			{asks: scan0, replies: []any{found("0", "j:1")}, want: none},
			{asks: "getrange j:1 0 63, exists j:1", replies: []any{"0", int64(1)}, want: "0"},
		}},
		"value that is negative": {value, []one{
			{asks: scan0, replies: []any{found("0", "j:1")}, want: none},
			{asks: "getrange j:1 0 63, exists j:1", replies: []any{"-2", int64(1)}, want: `a key that matches "j:*" holds a negative number`},
		}},
		"value of a list": {value, []one{
			{asks: scan0, replies: []any{found("0", "j:1")}, want: none},
			{asks: "getrange j:1 0 63, exists j:1", replies: []any{wrong, int64(1)}, want: `a key that matches "j:*" is of another type: it must be a string`},
		}},
		"one of another type ends the pass": {length, []one{
			{asks: list0, replies: []any{found("7", "j:1", "j:2")}, want: none},
			{asks: "llen j:1, llen j:2, " + list7, replies: []any{int64(4), wrong, found("0", "j:3")}, want: `a key that matches "j:*" is of another type: it must be a list`},
			{asks: list0, replies: []any{found("7", "j:1")}, want: "of another type"},
			{asks: "llen j:1, " + list7, replies: []any{int64(4), found("0")}, want: "4"},
		}},
		"as many as the limit": {count, []one{{asks: scan0, replies: []any{found("0", "j:1", "j:2", "j:3", "j:3")}, want: "3"}}},
		"more than the limit": {count, []one{
			{asks: scan0, replies: []any{found("0", "j:1")}, want: "1"},
			{asks: scan0, replies: []any{found("7", "j:1", "j:2", "j:3")}, want: "1"},
			{asks: scan7, replies: []any{found("8", "j:4")}, want: `more than 3 keys match "j:*": raise limit`},
			{asks: scan0, replies: []any{found("0", "j:4")}, want: "1"},
		}},
		"failed attempts are repeated": {length, []one{
			{asks: list0},
			{asks: list0, replies: []any{found("7", "j:1")}, want: none},
			{asks: "llen j:1, " + list7},
			{asks: "llen j:1, " + list7, replies: []any{int64(2), found("0")}, want: "2"},
		}},
		"restart in the midst": {length, []one{
			{asks: list0, replies: []any{found("0", "j:1")}, want: none},
			{asks: "llen j:1", replies: []any{int64(2)}, want: "2"},
			{asks: list0, replies: []any{found("7", "j:1", "j:2")}, want: "2"},
			{asks: "llen j:1, llen j:2, " + list7, replies: []any{int64(2), int64(2), found("0", "j:3")}, info: secondProcess, want: none},
			{asks: list0, replies: []any{found("0")}, info: secondProcess, want: "0"},
		}},
		"restart between passes": {count, []one{
			{asks: scan0, replies: []any{found("0", "j:1")}, want: "1"},
			{asks: scan0, replies: []any{found("7")}, info: secondProcess, want: none},
			{asks: scan7, replies: []any{found("0", "j:2", "j:3")}, info: secondProcess, want: "2"},
		}},
		"a server that does not say who it is": {count, []one{
			{asks: scan0, replies: []any{found("7", "j:1")}, info: "redis_version:7.0.15\r\nrole:master\r\n", want: none},
			{asks: scan7, replies: []any{found("0")}, info: "redis_version:7.0.15\r\nrole:master\r\n", want: none},
			{asks: scan0, replies: []any{found("0", "j:1")}, info: "redis_version:7.0.15\r\nrole:master\r\n", want: "1"},
		}},
		"no longer than maxAge": {count, []one{
			{asks: scan0, replies: []any{found("7", "j:1")}, want: none},
			{asks: scan7, after: time.Minute, replies: []any{found("7", "j:1")}, want: "not complete within maxAge 1m0s, and a sample scans at most 25000 keys of the database"},
			{asks: scan7, replies: []any{found("0", "j:1")}, want: "not complete within maxAge"},
			{asks: scan0, replies: []any{found("7", "j:1")}, want: "not complete within maxAge"},
			{asks: scan7, replies: []any{found("0")}, want: "1"},
		}},
		"no older than maxAge": {count, []one{
			{asks: scan0, replies: []any{found("0", "j:1")}, want: "1"},
			{asks: scan0, after: time.Minute, replies: []any{found("7", "j:1")}, want: "raise spec.sampling.maxAge"},
			{asks: scan7, replies: []any{found("0", "j:2")}, want: "2"},
		}},
		"an old server": {length, []one{{asks: list0, replies: []any{errors.New("ERR syntax error")}, want: "Redis 6.0 and newer"}}},
		"no right to":   {count, []one{{asks: scan0, replies: []any{errors.New("NOPERM secret")}, want: "ACL does not let this adapter call SCAN"}}},
	} {
		t.Run(name, func(t *testing.T) { follow(t, test.probe, test.attempts) })
	}
}

func TestOtherDataBeginsAPassAnew(t *testing.T) {
	for name, other := range map[string]string{
		"restart":          secondProcess,
		"other role":       "redis_version:7.0.15\r\nrun_id:a\r\nrole:slave\r\nmaster_link_status:up\r\nmaster_replid:x\r\n",
		"data of another":  "redis_version:7.0.15\r\nrun_id:a\r\nrole:master\r\nmaster_replid:y\r\n",
		"flushed":          primary + "cmdstat_flushall:calls=1,usec=1,usec_per_call=1\r\n",
		"database flushed": primary + "cmdstat_flushdb:calls=1,usec=1,usec_per_call=1\r\n",
		"slot moved away":  primary + "cmdstat_migrate:calls=1,usec=1,usec_per_call=1\r\n",
		"slot moved here":  primary + "cmdstat_restore-asking:calls=1,usec=1,usec_per_call=1\r\n",
		"slots migrated":   primary + "cmdstat_cluster|syncslots:calls=1,usec=1,usec_per_call=1\r\n",
		"swapped":          primary + "cmdstat_swapdb:calls=1,usec=1,usec_per_call=1\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			follow(t, probe.KeysCount("j:*", "", 3), []one{
				{asks: scan0, replies: []any{found("0", "j:1")}, want: "1"},
				{asks: scan0, replies: []any{found("7", "j:1", "j:2")}, want: "1"},
				{asks: scan7, replies: []any{found("0", "j:3")}, info: other, want: none},
				{asks: scan0, replies: []any{found("7", "j:4")}, info: other, want: none},
				{asks: scan7, replies: []any{found("0")}, info: other, want: "1"},
			})
		})
	}
}

func TestStrangeRepliesToScanAreErrors(t *testing.T) {
	for _, reply := range []any{
		nil, "", int64(0), errors.New("ERR odd secret"), []any{}, []any{"0"}, []any{"0", nil}, []any{"0", "j:1"}, []any{int64(0), []any{}},
		[]any{"x", []any{}}, []any{"", []any{}}, []any{"-1", []any{}}, []any{"18446744073709551616", []any{}}, []any{"0", []any{nil}},
		[]any{"0", []any{int64(1)}}, []any{"0", []any{[]any{"j:1"}}}, []any{"0", []any{}, nil},
	} {
		run := running(probe.KeysCount("j:*", "", 3))
		if got := attempt(t, run, false, reply)[0]; got.Err == nil || errors.Is(got.Err, probe.ErrNoScan) || strings.Contains(got.Err.Error(), "secret") {
			t.Errorf("%#v gives %+v", reply, got)
		}
	}
	for _, replies := range [][]any{{nil, int64(1)}, {int64(1), int64(1)}, {"1", nil}, {"1", "1"}, {"x", int64(1)}, {"1", errors.New("NOPERM")}} {
		run := running(probe.KeysValue("j:*", "", 3))
		attempt(t, run, false, found("0", "j:1"))
		if got := attempt(t, run, false, replies...)[0]; got.Err == nil || errors.Is(got.Err, probe.ErrNoScan) {
			t.Errorf("%#v gives %+v", replies, got)
		}
	}
	run := running(probe.KeysLength("j:*", "list", 3))
	attempt(t, run, false, found("0", "j:1"))
	if got := attempt(t, run, false, "1")[0]; got.Err == nil || errors.Is(got.Err, probe.ErrNoScan) {
		t.Errorf("a text for a length gives %+v", got)
	}
}
