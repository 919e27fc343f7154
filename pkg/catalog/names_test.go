package catalog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// TestNamesThatAreNone checks that a total is never smaller for a record whose name a
// server makes up, and that no error is longer for it.
func TestNamesThatAreNone(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	h := over(t,
		append(stats("cmdstat_get:calls=1,usec=1", "cmdstat_"+long+":calls=5,usec=5"), "total_error_replies:1", "# Errorstats", "errorstat_ERR:count=1", "errorstat_"+long+":count=1"),
		append(stats("cmdstat_get:calls=11,usec=2", "cmdstat_"+long+":calls=6,usec=6"), "total_error_replies:2", "# Errorstats", "errorstat_ERR:count=2", "errorstat_"+long+":count=2",
			"# Latencystats", "latency_percentiles_usec_get:p50=1,p"+long+"=2", "# Keyspace", "db"+strings.Repeat("9", 60)+":keys=1,expires=0"))
	for _, test := range []struct{ metric, selector string }{
		{catalog.RequestsPerSecond, ""},
		{catalog.RequestsPerSecond, "command=" + strings.Repeat("x", 63)},
		{catalog.RequestsPerSecond, "command=get"},
		{"command-calls-per-second", ""},
		{"command-latency-mean-microseconds", ""},
		{"command-latency-percentile-microseconds", ""},
		{"command-latency-percentile-microseconds", "percentile=99"},
		{"errors-per-second", ""},
		{"keyspace-keys", ""},
	} {
		got, err := metric(t, test.metric).Read(h, catalog.Query{Now: h.end, Selector: picking(t, test.selector)})
		if err == nil || len(err.Error()) > 300 {
			t.Errorf("%s{%s} = %v, and an error of %d bytes: %.300v", test.metric, test.selector, got.Value, len(err.Error()), err)
		}
		if test.metric == catalog.RequestsPerSecond && !errors.Is(err, redisinfo.ErrName) {
			t.Errorf("%s{%s} is unknown because %v", test.metric, test.selector, err)
		}
	}
	if got, err := metric(t, "connected-clients").Read(over(t, []string{"connected_clients:1"}, []string{"connected_clients:3", "x" + long + ":1"}), catalog.Query{Now: h.end}); err != nil || got.Value != 3 {
		t.Errorf("what needs no such record is %v, %v", got.Value, err)
	}
}
