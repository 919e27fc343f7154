package topology

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestFailedAttemptsPileUpNothing(t *testing.T) {
	n := nodesOf(t, samplertest.TargetAt("moving", "127.0.0.1:1"), open(t))
	defer n.Close()
	n.poller("sampled:1")
	n.remember([]endpoint{{address: "sampled:1"}})
	for i := range 100 {
		endpoints := []endpoint{{address: fmt.Sprintf("other-%d:1", i)}}
		n.forget(endpoints)
		n.poller(endpoints[0].address)
	}
	if len(n.pollers) != 2 || n.pollers["sampled:1"] == nil {
		t.Errorf("%d nodes are kept, want those of the newest sample and of the newest attempt", len(n.pollers))
	}
}

func FuzzSentinelReplies(f *testing.F) {
	f.Add(`["name", "m", "config-epoch", "3"]`, `["10.0.0.1", "6379"]`)
	f.Add(`["config-epoch"]`, `[null, 6379]`)
	f.Fuzz(func(t *testing.T, master, place string) {
		_ = poller.FieldOf(samplertest.ReplyIn(master), "config-epoch")
		address, err := primaryIn(samplertest.ReplyIn(place))
		if (err == nil) != (address != "") || len(address) > connection.MaxHostBytes+8 {
			t.Fatalf("%q leads to %q, %v", place, address, err)
		}
	})
}

func TestLimitsAreAsDocumented(t *testing.T) {
	samplertest.Documented(t,
		fmt.Sprintf("| a host that a Sentinel, a cluster or a primary names | %d bytes", connection.MaxHostBytes),
		fmt.Sprintf("| the nodes of a cluster that are sampled for one object | %d, ", poller.MaxNodes),
		fmt.Sprintf("| the replicas of one primary outside of a cluster | %d |", maxReplicas))
	for failure, want := range map[reason.Reason]string{
		reason.TooManyNodes:    fmt.Sprintf("more than %d nodes", poller.MaxNodes),
		reason.TooManyReplicas: fmt.Sprintf("more than %d replicas", maxReplicas),
	} {
		if text := (&reason.Error{Reason: failure}).Error(); !strings.Contains(text, want) {
			t.Errorf("%s says %q, want %q in it", failure, text, want)
		}
	}
}
