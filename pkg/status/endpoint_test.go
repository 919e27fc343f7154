package status

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func TestEndpoint(t *testing.T) {
	for want, of := range map[string]target.Target{
		"a:6379":                               {Address: "a:6379"},
		"unix:///run/redis.sock":               {Address: "unix:///run/redis.sock"},
		"mymaster@s-0:26379":                   {Sentinel: &target.Sentinel{MasterName: "mymaster", Addresses: []string{"s-0:26379"}}},
		"mymaster@s-0:26379 + 2 more...":       {Sentinel: &target.Sentinel{MasterName: "mymaster", Addresses: []string{"s-0:26379", "s-1:26379", "s-2:26379"}}},
		"c-0:6379":                             {Cluster: &target.Cluster{Addresses: []string{"c-0:6379"}}},
		"c-0:6379 + 1 more...":                 {Cluster: &target.Cluster{Addresses: []string{"c-0:6379", "c-1:6379"}}},
		strings.Repeat("c", maxEndpointLength): {Cluster: &target.Cluster{Addresses: []string{strings.Repeat("c", 700)}}},
	} {
		if got := endpoint(&of); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Its status may be that of an earlier version, or an attempt may not have ended.
func TestEndpointIsWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		defer w.lead()()
		if got := w.status(r).Endpoint; got != r.Address {
			t.Errorf("status.endpoint is %q, want %q", got, r.Address)
		}
		earlier := *r
		status := *w.status(r)
		status.Endpoint = ""
		earlier.Status = &status
		w.set(&earlier)
		pass(watchLag)
		w.controller.Enqueue(&earlier)
		pass(objectGap)
		if got := w.status(r).Endpoint; got != r.Address {
			t.Errorf("after an upgrade status.endpoint is %q, want %q", got, r.Address)
		}
	})
}
