package catalog_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

type row struct {
	name        string
	first, last lines
	database    int
	want        float64
	err         string // what the error says, empty if there is none
	is          error  // what it wraps, nil if nothing is asked
}

func TestEachMetricReadsWhatTheSamplesSay(t *testing.T) {
	c := catalog.Builtin()
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
		if !noNumber(err) || !strings.Contains(err.Error(), tt.err) {
			t.Fatalf("Read = %+v, %v; want an error with %q", got, err, tt.err)
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
	c := catalog.Builtin()
	unknown := &history.UnknownError{Reason: history.Stale}
	for _, m := range c.All() {
		got, err := m.Read(twoSamples{err: unknown}, catalog.Query{Now: time.Now()})
		var same *history.UnknownError
		if !errors.As(err, &same) || same != unknown || got != (catalog.Reading{}) {
			t.Errorf("%s: Read = %+v, %v; want the history's error", m.Name, got, err)
		}
	}
}

func TestEachMetricIsDocumented(t *testing.T) {
	c := catalog.Builtin()
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	versions := regexp.MustCompile(`^[0-9]+\.[0-9]+(\.[0-9]+)?\+$`)
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
		if m.Unit == "" || !strings.HasSuffix(m.Help, ".") || !slices.Contains(kinds, m.Kind) || m.Aggregation == "" {
			t.Errorf("%s lacks a unit, a sentence of help, a kind or a fold: %+v", m.Name, m)
		}
		if m.Versions != "" && !versions.MatchString(m.Versions) {
			t.Errorf("%s has versions %q, want such as 7.0+", m.Name, m.Versions)
		}
		if (m.Kind == catalog.Rate) != strings.HasSuffix(m.Name, "-per-second") {
			t.Errorf("%s is a %s: a rate, and nothing else, ends in -per-second", m.Name, m.Kind)
		}
		if m.Aggregation == catalog.Sum && strings.Contains(m.Unit, "ratio") || m.Kind == catalog.Rate && m.Aggregation != catalog.Sum {
			t.Errorf("%s is a %s in %s and folds as %s over nodes", m.Name, m.Kind, m.Unit, m.Aggregation)
		}
		if found, ok := c.Lookup(m.Name); !ok || found.Name != m.Name {
			t.Errorf("Lookup(%s) = %v, %v", m.Name, found, ok)
		}
	}
	if _, ok := c.Lookup("no-such-metric"); ok {
		t.Error("Lookup found a metric that does not exist")
	}
}

func TestRoleIsPrimaryOrReplica(t *testing.T) {
	for text, want := range map[string]string{"master": "primary", "slave": "replica", "replica": "replica"} {
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
