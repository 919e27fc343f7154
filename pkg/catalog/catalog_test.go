package catalog_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/series"
)

type lines = []string

// rows holds, for each row of the catalogue, what it reads from known samples
// ten seconds apart, and what it makes of samples that give no number.
func rows() map[string][]row {
	counter := func(key string) []row {
		return []row{
			{name: "grown", first: lines{key + ":100"}, last: lines{key + ":150"}, want: 5},
			{name: "still", first: lines{key + ":100"}, last: lines{key + ":100"}, want: 0},
			{name: "large", first: lines{key + ":0"}, last: lines{key + ":9223372036854775807"}, want: 922337203685477580.7},
			{name: "fallen", first: lines{key + ":100"}, last: lines{key + ":99"}, err: "went from 100 to 99"},
			{name: "negative", first: lines{key + ":-100"}, last: lines{key + ":-50"}, err: "went from -100 to -50"},
			{name: "absent", first: lines{"x:1"}, last: lines{"x:1"}, err: key + ": not reported", is: redisinfo.ErrAbsent},
			{name: "absent before", first: lines{"x:1"}, last: lines{key + ":100"}, err: key + ": not reported", is: redisinfo.ErrAbsent},
			{name: "absent after", first: lines{key + ":1"}, last: lines{"x:1"}, err: key + ": not reported", is: redisinfo.ErrAbsent},
			{name: "past int64", first: lines{key + ":1"}, last: lines{key + ":9223372036854775808"}, err: "malformed", is: redisinfo.ErrMalformed},
			{name: "no number", first: lines{key + ":1"}, last: lines{key + ":nan"}, err: "malformed", is: redisinfo.ErrMalformed},
			{name: "role unknown", first: lines{key + ":1"}, last: lines{key + ":2", "role:sentinel"}, err: "INFO field role", is: redisinfo.ErrMalformed},
		}
	}
	gauge := func(key string) []row {
		return []row{
			{name: "level", last: lines{key + ":7"}, want: 7},
			{name: "zero", last: lines{key + ":0"}, want: 0},
			{name: "negative", last: lines{key + ":-1"}, err: "-1"},
			{name: "absent", last: lines{"x:1"}, err: key + ": not reported", is: redisinfo.ErrAbsent},
			{name: "no number", last: lines{key + ":inf"}, err: "malformed", is: redisinfo.ErrMalformed},
		}
	}
	return map[string][]row{
		"requests-per-second":             requestRows(),
		"commands-per-second":             counter("total_commands_processed"),
		"connections-per-second":          counter("total_connections_received"),
		"network-input-bytes-per-second":  counter("total_net_input_bytes"),
		"network-output-bytes-per-second": counter("total_net_output_bytes"),
		"evictions-per-second":            counter("evicted_keys"),
		"expirations-per-second":          counter("expired_keys"),
		"connected-clients":               gauge("connected_clients"),
		"blocked-clients":                 gauge("blocked_clients"),
		"used-memory-bytes":               gauge("used_memory"),
		"keyspace-hit-ratio": {
			{name: "both", first: lines{"keyspace_hits:10", "keyspace_misses:10"}, last: lines{"keyspace_hits:40", "keyspace_misses:20"}, want: 0.75},
			{name: "hits only", first: lines{"keyspace_hits:10", "keyspace_misses:10"}, last: lines{"keyspace_hits:40", "keyspace_misses:10"}, want: 1},
			{name: "misses only", first: lines{"keyspace_hits:10", "keyspace_misses:10"}, last: lines{"keyspace_hits:10", "keyspace_misses:11"}, want: 0},
			{name: "no look-up", first: lines{"keyspace_hits:10", "keyspace_misses:10"}, last: lines{"keyspace_hits:10", "keyspace_misses:10"}, err: "no key was looked up"},
			{name: "more than int64 in all", first: lines{"keyspace_hits:0", "keyspace_misses:0"}, last: lines{"keyspace_hits:9223372036854775807", "keyspace_misses:9223372036854775807"}, want: 0.5},
			{name: "hits fallen", first: lines{"keyspace_hits:10", "keyspace_misses:10"}, last: lines{"keyspace_hits:9", "keyspace_misses:20"}, err: "went from 10 to 9"},
			{name: "misses absent", first: lines{"keyspace_hits:10"}, last: lines{"keyspace_hits:10"}, err: "not reported", is: redisinfo.ErrAbsent},
		},
		"memory-utilization": {
			{name: "half", last: lines{"used_memory:50", "maxmemory:100"}, want: 0.5},
			{name: "above maxmemory", last: lines{"used_memory:150", "maxmemory:100"}, want: 1.5},
			{name: "no limit", last: lines{"used_memory:50", "maxmemory:0"}, err: "set maxmemory in Redis, or use used-memory-bytes"},
			{name: "negative", last: lines{"used_memory:-50", "maxmemory:100"}, err: "-0.5"},
			{name: "maxmemory absent", last: lines{"used_memory:50"}, err: "maxmemory: not reported", is: redisinfo.ErrAbsent},
		},
		"keys": {
			{name: "of the object's database", last: lines{"# Keyspace", "db0:keys=1,expires=0", "db3:keys=9,expires=2"}, database: 3, want: 9},
			{name: "none", last: lines{"# Keyspace", "db0:keys=1,expires=0"}, database: 3, want: 0},
			{name: "section not reported", last: lines{"x:1"}, err: "Keyspace: not reported", is: redisinfo.ErrAbsent},
			{name: "malformed", last: lines{"# Keyspace", "db0:keys=x,expires=0"}, err: "malformed", is: redisinfo.ErrMalformed},
		},
	}
}

type row struct {
	name        string
	first, last lines
	database    int
	want        float64
	err         string // what the error says, empty if there is none
	is          error  // what it wraps, nil if nothing is asked
}

func TestEachMetricReadsWhatTheSamplesSay(t *testing.T) {
	c, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	all := rows()
	for _, m := range c.All() {
		if len(all[m.Name]) == 0 {
			t.Errorf("metric %s has no test", m.Name)
		}
		for _, tt := range all[m.Name] {
			t.Run(m.Name+"/"+tt.name, func(t *testing.T) {
				if tt.first == nil {
					tt.first = lines{"nothing:1"} // a gauge must not look at it
				}
				checkRow(t, &m, tt)
			})
		}
		delete(all, m.Name)
	}
	for name := range all {
		t.Errorf("there is a test of metric %s, which does not exist", name)
	}
}

func checkRow(t *testing.T, m *catalog.Metric, tt row) {
	t.Helper()
	h := over(t, tt.first, tt.last)
	got, err := m.Read(h, catalog.Query{Now: h.end, Database: tt.database})
	if tt.err != "" {
		var value *catalog.ValueError
		if !errors.As(err, &value) || value.Metric != m.Name || !strings.Contains(err.Error(), tt.err) {
			t.Fatalf("Read = %+v, %v; want a ValueError with %q", got, err, tt.err)
		}
		if tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%v does not wrap %v", err, tt.is)
		}
		if got != (catalog.Reading{}) {
			t.Errorf("Read = %+v beside an error", got)
		}
		return
	}
	if err != nil || got.Value != tt.want {
		t.Fatalf("Read = %v, %v; want %v", got.Value, err, tt.want)
	}
	want := 10 * time.Second
	if m.Kind == catalog.Gauge {
		want = 0
	}
	if got.Window != want || !got.At.Equal(h.end) {
		t.Errorf("the window is %v and ends %v before the newest sample; want %v, 0", got.Window, h.end.Sub(got.At), want)
	}
}

func TestReadFailsAsTheHistoryDoes(t *testing.T) {
	c, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	unknown := &series.UnknownError{Reason: series.Stale}
	for _, m := range c.All() {
		got, err := m.Read(history{err: unknown}, catalog.Query{Now: time.Now()})
		var same *series.UnknownError
		if !errors.As(err, &same) || same != unknown || got != (catalog.Reading{}) {
			t.Errorf("%s: Read = %+v, %v; want the history's error", m.Name, got, err)
		}
	}
}

func TestEachMetricIsDocumented(t *testing.T) {
	c, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	kinds := []catalog.Kind{catalog.Gauge, catalog.Rate, catalog.Ratio}
	before := ""
	for _, m := range c.All() {
		if !kebab.MatchString(m.Name) {
			t.Errorf("%s is not in kebab-case", m.Name)
		}
		if m.Name <= before {
			t.Errorf("%s stands after %s", m.Name, before)
		}
		before = m.Name
		if m.Unit == "" || !strings.HasSuffix(m.Help, ".") || !slices.Contains(kinds, m.Kind) || m.Fold == "" {
			t.Errorf("%s lacks a unit, a sentence of help, a kind or a fold: %+v", m.Name, m)
		}
		if (m.Kind == catalog.Rate) != strings.HasSuffix(m.Name, "-per-second") {
			t.Errorf("%s is a %s: a rate, and nothing else, ends in -per-second", m.Name, m.Kind)
		}
		if (m.Fold == catalog.Single) != (len(m.Labels) == 0) {
			t.Errorf("%s folds as %s and has labels %v", m.Name, m.Fold, m.Labels)
		}
		if found, ok := c.Lookup(m.Name); !ok || found.Name != m.Name {
			t.Errorf("Lookup(%s) = %v, %v", m.Name, found, ok)
		}
	}
	if _, ok := c.Lookup("no-such-metric"); ok {
		t.Error("Lookup found a metric that does not exist")
	}
}

func TestNewRefusesBadRows(t *testing.T) {
	good := *metric(t, "keys")
	if _, err := catalog.New(good, good); err == nil || !strings.Contains(err.Error(), "keys is defined twice") {
		t.Errorf("New with a name twice = %v", err)
	}
	if _, err := catalog.New(catalog.Metric{Name: "empty"}); err == nil || !strings.Contains(err.Error(), "empty must have one function") {
		t.Errorf("New without a function = %v", err)
	}
}

func TestRoleIsPrimaryOrReplica(t *testing.T) {
	for text, want := range map[string]string{"master": "primary", "slave": "replica"} {
		if got, err := catalog.Role(info(t, "role:"+text)); err != nil || got != want {
			t.Errorf("Role of %s = %q, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "sentinel", "Master"} {
		if got, err := catalog.Role(info(t, "role:"+text)); !errors.Is(err, redisinfo.ErrMalformed) {
			t.Errorf("Role of %q = %q, %v; want ErrMalformed", text, got, err)
		}
	}
}
