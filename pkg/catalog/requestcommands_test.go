package catalog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// stats are lines of section commandstats with INFO among them.
func stats(more ...string) []string {
	return append([]string{"# Commandstats", "cmdstat_info:calls=9,usec=1"}, more...)
}

func requestRows() []row {
	return []row{
		{name: "idle", first: stats(), last: stats(), want: 0},
		{name: "idle after work", first: stats("cmdstat_get:calls=7,usec=1"), last: stats("cmdstat_get:calls=7,usec=1"), want: 0},
		{
			name:  "idle and watched",
			first: stats("cmdstat_ping:calls=1", "cmdstat_client|setname:calls=1", "cmdstat_config|get:calls=1", "cmdstat_config:calls=1"),
			last:  stats("cmdstat_ping:calls=90", "cmdstat_client|setname:calls=91", "cmdstat_config|get:calls=92", "cmdstat_config:calls=94", "cmdstat_slowlog|get:calls=93"),
			want:  0,
		},
		{
			name:  "several commands",
			first: stats("cmdstat_get:calls=100,usec=1", "cmdstat_set:calls=10,usec=1", "cmdstat_ping:calls=1,usec=1"),
			last:  stats("cmdstat_get:calls=130,usec=1", "cmdstat_set:calls=30,usec=1", "cmdstat_ping:calls=99,usec=1"),
			want:  5,
		},
		{name: "first seen in the second sample", first: stats(), last: stats("cmdstat_xadd:calls=20,usec=1"), want: 2},
		{name: "first seen after a section without commands", first: []string{"x:1", "# Commandstats"}, last: stats("cmdstat_xadd:calls=20,usec=1"), want: 2},
		{name: "subcommand", first: stats(), last: stats("cmdstat_xgroup|create:calls=10,usec=1"), want: 1},
		{name: "subcommand that is not listed", first: stats(), last: stats("cmdstat_xgroup|split:calls=10,usec=1", "cmdstat_config|watch:calls=90,usec=1"), want: 1},
		{name: "commandstats missing", first: []string{"x:1"}, last: []string{"x:1"}, err: "Commandstats: not reported", is: redisinfo.ErrAbsent},
		{name: "commandstats missing before", first: []string{"x:1"}, last: stats("cmdstat_get:calls=1000"), err: "Commandstats: not reported", is: redisinfo.ErrAbsent},
		{name: "commandstats missing after", first: stats(), last: []string{"x:1"}, err: "Commandstats: not reported", is: redisinfo.ErrAbsent},
		{name: "command gone", first: stats("cmdstat_get:calls=1"), last: stats(), err: "get is not counted any more", is: redisinfo.ErrAbsent},
		{name: "calls fallen", first: stats("cmdstat_get:calls=2"), last: stats("cmdstat_get:calls=1"), err: "calls of get went from 2 to 1"},
		{name: "calls fallen beside others that grew", first: stats("cmdstat_get:calls=2", "cmdstat_set:calls=2"), last: stats("cmdstat_get:calls=1", "cmdstat_set:calls=200"), err: "calls of get"},
		{name: "calls malformed", first: stats(), last: stats("cmdstat_get:calls=x"), err: "malformed", is: redisinfo.ErrMalformed},
		{name: "calls malformed before", first: stats("cmdstat_get:calls=x"), last: stats("cmdstat_get:calls=1"), err: "malformed", is: redisinfo.ErrMalformed},
		{name: "calls negative", first: stats(), last: stats("cmdstat_get:calls=-1"), err: "calls of get"},
		{name: "command twice", first: stats(), last: stats("cmdstat_get:calls=1", "cmdstat_get:calls=2"), err: "malformed", is: redisinfo.ErrMalformed},
	}
}

func TestSelectorPicksCommands(t *testing.T) {
	h := over(t,
		stats("cmdstat_get:calls=100", "cmdstat_set:calls=10", "cmdstat_xgroup|create:calls=0"),
		stats("cmdstat_get:calls=130", "cmdstat_set:calls=30", "cmdstat_xgroup|create:calls=10"))
	tests := []struct {
		selector string
		want     float64
		err      string
	}{
		{selector: "", want: 6},
		{selector: "command=get", want: 3},
		{selector: "command in (get, set)", want: 5},
		{selector: "command!=get", want: 3},
		{selector: "role=primary", want: 6},
		{selector: "role=primary,command=set", want: 2},
		{selector: "command=xgroup.create", want: 1},
		{selector: "command=del", want: 0},
		{selector: "command in (del,get)", want: 3},
		{selector: "command=del,role=primary", want: 0},
		{selector: "command=xgroup.destroy", want: 0},
		{selector: "command notin (get,set,xgroup.create)", want: 0},
		{selector: "command=del,pod=a", err: "matches no series"},
		{selector: "command=del,role=replica", err: "role is one of primary"},
		{selector: "command=dle", err: "matches no series of requests-per-second; command is one of get, set, xgroup.create; role is one of primary"},
		{selector: "command=xgroup.foo", err: "matches no series"},
		{selector: "!command", err: "matches no series"},
		{selector: "role=replica", err: "role is one of primary"},
		{selector: "command=info", err: "matches no series"},
		{selector: "pod=a", err: "matches no series"},
	}
	for _, tt := range tests {
		t.Run(tt.selector, func(t *testing.T) {
			got, err := metric(t, catalog.RequestsPerSecond).Read(h, catalog.Query{Now: h.end, Selector: picking(t, tt.selector)})
			if tt.err == "" {
				if err != nil || got.Value != tt.want {
					t.Errorf("Read = %v, %v; want %v", got.Value, err, tt.want)
				}
				return
			}
			var none *catalog.NoSeriesError
			if !errors.As(err, &none) || !strings.Contains(err.Error(), tt.err) || got != (catalog.Reading{}) {
				t.Errorf("Read = %+v, %v; want a NoSeriesError with %q", got, err, tt.err)
			}
		})
	}
}

// A HorizontalPodAutoscaler that asks for a command reaches zero on a server that
// was never sent it.
func TestSelectorOnAnIdleServerReadsZero(t *testing.T) {
	h := over(t, stats(), stats())
	codes := over(t, errorStats(), errorStats())
	for _, test := range []struct {
		metric, selector string
		h                twoSamples
		says             string // empty if it reads 0
	}{
		{catalog.RequestsPerSecond, "command=get", h, ""},
		{catalog.RequestsPerSecond, "role=primary", h, ""},
		{catalog.RequestsPerSecond, "role=primary,command!=get", h, ""},
		{catalog.RequestsPerSecond, "role=replica", h, "role is one of primary"},
		{catalog.RequestsPerSecond, "command=nosuch", h, "role is one of primary; nothing is counted by command yet, and the metric knows none of that name"},
		{catalog.RequestsPerSecond, "command=ping", h, "the metric knows none of that name"},
		{"command-calls-per-second", "command=ping", h, ""},
		{"command-calls-per-second", "command=nosuch", h, "command is one of info; role is one of primary"},
		{"errors-per-second", "error=OOM", codes, ""},
		{"errors-per-second", "error=other", codes, ""},
		{"errors-per-second", "error=oom", codes, "nothing is counted by error yet, and the metric knows none of that name"},
		{"command-latency-mean-microseconds", "command=get", h, "role is one of primary; there is no command now"},
	} {
		got, err := metric(t, test.metric).Read(test.h, catalog.Query{Now: test.h.end, Selector: picking(t, test.selector)})
		if (err == nil) != (test.says == "") || got.Value != 0 || err != nil && !strings.HasSuffix(err.Error(), test.says) {
			t.Errorf("%s{%s} = %v, %v; want %q", test.metric, test.selector, got.Value, err, test.says)
		}
	}
}

func TestSelectorOnAGaugeKnowsTheRole(t *testing.T) {
	h := over(t, []string{"x:1"}, []string{"role:slave", "connected_clients:3"})
	q := catalog.Query{Now: h.end, Selector: picking(t, "role=replica")}
	if got, err := metric(t, catalog.ConnectedClients).Read(h, q); err != nil || got.Value != 3 {
		t.Errorf("Read = %v, %v; want 3", got.Value, err)
	}
	q.Selector = picking(t, "role=primary")
	if got, err := metric(t, catalog.ConnectedClients).Read(h, q); err == nil || !strings.Contains(err.Error(), "role is one of replica") {
		t.Errorf("Read = %v, %v; want that it has role replica", got.Value, err)
	}
}

func TestErrorListsNoMoreThanTwentyValues(t *testing.T) {
	var many []string
	for a := range 5 {
		for b := range 10 {
			many = append(many, "cmdstat_"+string(rune('a'+a))+string(rune('a'+b))+":calls=1")
		}
	}
	for commands, want := range map[int]string{50: "bi, bj and 30 more; role", 21: "bi, bj and 1 more; role", 20: "bi, bj; role"} {
		h := over(t, stats(), stats(many[:commands]...))
		_, err := metric(t, catalog.RequestsPerSecond).Read(h, catalog.Query{Now: h.end, Selector: picking(t, "command=zz")})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of %d commands: %v; want an error with %q", commands, err, want)
		}
	}
}
