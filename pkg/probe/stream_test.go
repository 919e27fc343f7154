package probe_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
)

func TestStreamWithoutItsGroup(t *testing.T) {
	group := []any{"name", "g", "pending", int64(2), "lag", int64(3)}
	other := []any{"name", "h", "pending", int64(4), "lag", int64(5)}
	noKey, wrong, denied := errors.New("ERR no such key"), errors.New("WRONGTYPE x"), errors.New("NOPERM x")
	noGroup := errors.New("NOGROUP No such key 's' or consumer group 'g'")
	now := []any{"1700000000", "0"}
	lag, pending, oldest := probe.StreamLag("s", "g", probe.MissingLength), probe.StreamPending("s", "g", probe.MissingZero), probe.StreamOldestPending("s", "g", probe.MissingZero)
	for name, test := range map[string]struct {
		probe   *probe.Probe
		replies []any
		want    float64
		err     string
	}{
		"lag":                          {lag, []any{int64(9), []any{other, group}}, 3, ""},
		"lag that is not known":        {lag, []any{int64(9), []any{[]any{"name", "g", "pending", int64(2), "lag", nil}}}, 0, "does not know the lag"},
		"length without the group":     {lag, []any{int64(9), []any{other}}, 9, ""},
		"length without any group":     {lag, []any{int64(9), []any{}}, 9, ""},
		"length without the stream":    {lag, []any{int64(0), noKey}, 0, ""},
		"lag of a list":                {lag, []any{wrong, wrong}, 0, `key "s" is of another type: it must be a stream`},
		"groups that are denied":       {lag, []any{int64(9), denied}, 0, "ACL does not let this adapter call XINFO GROUPS"},
		"length that is denied":        {lag, []any{denied, []any{}}, 0, "ACL does not let this adapter call XLEN"},
		"length that is none":          {lag, []any{"9", []any{}}, 0, "not what Redis answers"},
		"pending":                      {pending, []any{[]any{other, group}}, 2, ""},
		"pending without the group":    {pending, []any{[]any{other}}, 0, ""},
		"pending without the stream":   {pending, []any{noKey}, 0, ""},
		"pending of a list":            {pending, []any{wrong}, 0, "must be a stream"},
		"oldest":                       {oldest, []any{[]any{[]any{"1699999990000-0", "c", int64(1), int64(1)}}, now}, 10, ""},
		"oldest without the group":     {oldest, []any{noGroup, now}, 0, ""},
		"oldest of a list":             {oldest, []any{wrong, now}, 0, "must be a stream"},
		"lag is unknown by default":    {probe.StreamLag("s", "g", ""), []any{[]any{other}}, 0, `stream "s" has no consumer group "g": create it with XGROUP CREATE, or write whenGroupMissing`},
		"so is pending":                {probe.StreamPending("s", "g", ""), []any{[]any{}}, 0, "has no consumer group"},
		"so is the oldest pending one": {probe.StreamOldestPending("s", "g", ""), []any{noGroup, now}, 0, "has no consumer group"},
		"and without the stream":       {probe.StreamLag("s", "g", ""), []any{noKey}, 0, `stream "s" does not exist`},
	} {
		got := attempt(t, running(test.probe), false, test.replies...)[0]
		switch {
		case test.err == "" && (got.Err != nil || got.Value != test.want):
			t.Errorf("%s gives %+v, want %v", name, got, test.want)
		case test.err != "" && (got.Err == nil || !strings.Contains(got.Err.Error(), test.err)):
			t.Errorf("%s gives %+v, want an error with %q", name, got, test.err)
		}
	}
}

func TestOldestEntryIsAsOldAsItsID(t *testing.T) {
	for id, want := range map[string]float64{ // below 0: an error
		"1700000000000-0":        0,
		"1699999999999-7":        0.001,
		"1700000000001-0":        -1,
		"1069280000000-0":        20 * 365 * 24 * 3600,
		"1069279999999-0":        -1,
		"18446744073709551615-0": -1,
	} {
		got := attempt(t, running(probe.StreamOldestEntry("s")), false, []any{[]any{id, nil}}, []any{"1700000000", "0"})[0]
		if (got.Err != nil) != (want < 0) || want >= 0 && got.Value != want {
			t.Errorf("%s gives %+v, want %v", id, got, want)
		}
	}
}

// TestStreamThatWasReplaced tells one stream from another under its name.
func TestStreamThatWasReplaced(t *testing.T) {
	p := probe.StreamEntriesAdded("s")
	read := func(added, length int64, first, last string) probe.Result {
		t.Helper()
		entry := []any{}
		if first != "" {
			entry = []any{first, []any{}}
		}
		reply := []any{"length", length, "last-generated-id", last, "entries-added", added, "first-entry", entry}
		got := attempt(t, running(p), false, reply)[0]
		if got.Err != nil {
			t.Fatal(got.Err)
		}
		return got
	}
	before := read(5, 2, "10-1", "20-3")
	for name, test := range map[string]struct {
		after probe.Result
		joins bool
	}{
		"nothing is added":                               {read(5, 2, "10-1", "20-3"), true},
		"entries are added":                              {read(8, 5, "10-1", "30-0"), true},
		"old ones are trimmed as well":                   {read(8, 3, "21-0", "30-0"), true},
		"all are trimmed":                                {read(8, 0, "", "30-0"), true},
		"IDs go back by time":                            {read(8, 3, "11-0", "19-9"), false},
		"IDs go back by sequence":                        {read(8, 3, "11-0", "20-2"), false},
		"more new entries than were added":               {read(8, 4, "21-0", "30-0"), false},
		"more of them in the same millisecond":           {read(8, 4, "20-4", "20-9"), false},
		"the last one before is the first":               {read(8, 4, "20-3", "30-0"), true},
		"fewer were ever added":                          {read(4, 2, "10-1", "20-3"), false},
		"a new one that has grown past all of the old":   {read(25, 25, "40-0", "50-0"), false},
		"a new one, the same in number, is not told so.": {read(8, 3, "40-0", "50-0"), true},
	} {
		if got := p.Joins(before, test.after); got != test.joins {
			t.Errorf("%s: joins %v", name, got)
		}
	}
}
