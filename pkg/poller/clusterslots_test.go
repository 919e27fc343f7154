package poller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func viewOf(state string, slots any) view {
	v := view{state: redis.NewStringCmd(context.Background()), slots: redis.NewCmd(context.Background())}
	v.state.SetVal(state)
	v.slots.SetVal(slots)
	return v
}

func inCluster(partial bool) *target.Target {
	return &target.Target{Cluster: &target.Cluster{AllowPartial: partial}, Replicas: true}
}

func node(host any, port int64, id string) []any { return []any{host, port, id, []any{}} }

const up = "cluster_enabled:1\r\ncluster_state:ok\r\n"

func TestReadOfAView(t *testing.T) {
	v := viewOf(up, []any{
		[]any{int64(8192), int64(16383), node("10.0.0.2", 7000, "b"), node("10.0.0.4", 7000, "d")},
		[]any{int64(100), int64(8191), node("", 7000, "a"), node("10.0.0.3", 7000, "c")},
		[]any{int64(0), int64(99), node(nil, 7000, "a"), node("10.0.0.3", 7000, "c")},
	})
	shards, err := v.read(t.Context(), "[2001:db8::1]:7000", inCluster(false))
	if err != nil {
		t.Fatal(err)
	}
	if len(shards) != 2 || shards[0].Primary != (Member{"a", "[2001:db8::1]:7000"}) || shards[1].Primary != (Member{"b", "10.0.0.2:7000"}) {
		t.Fatalf("shards are %+v, want those of a and b", shards)
	}
	if !Covered(shards) || !slices.Equal(shards[0].Slots, []SlotRange{{0, 99}, {100, 8191}}) {
		t.Errorf("slots are %+v and %+v", shards[0].Slots, shards[1].Slots)
	}
	if Covered(shards[1:]) || Covered(shards[:1]) || Covered(nil) {
		t.Error("a part of the slots is all of them")
	}
}

func TestViewThatIsRefused(t *testing.T) {
	good := node("10.0.0.1", 7000, "a")
	for name, test := range map[string]struct {
		state string
		slots any
		want  reason.Reason
	}{
		"a cluster that is down":     {"cluster_state:fail\r\n", []any{[]any{int64(0), int64(16383), good}}, reason.ClusterDown},
		"no list":                    {up, "OK", reason.Protocol},
		"a host of 254 bytes":        {up, []any{[]any{int64(0), int64(16383), node(strings.Repeat("a", connection.MaxHostBytes+1), 7000, "a")}}, reason.Protocol},
		"a host that is not a text":  {up, []any{[]any{int64(0), int64(16383), node("a\x1b", 7000, "a")}}, reason.Protocol},
		"an ID that is not a text":   {up, []any{[]any{int64(0), int64(16383), node("a", 7000, "\x00")}}, reason.Protocol},
		"a range that is not a list": {up, []any{int64(1)}, reason.Protocol},
		"a range without a node":     {up, []any{[]any{int64(0), int64(1)}}, reason.Protocol},
		"slots that are text":        {up, []any{[]any{"0", "1", good}}, reason.Protocol},
		"slots backwards":            {up, []any{[]any{int64(2), int64(1), good}}, reason.Protocol},
		"more slots than there are":  {up, []any{[]any{int64(0), int64(16384), good}}, reason.Protocol},
		"a negative slot":            {up, []any{[]any{int64(-1), int64(1), good}}, reason.Protocol},
		"a node without an ID":       {up, []any{[]any{int64(0), int64(1), node("10.0.0.1", 7000, "")}}, reason.Protocol},
		"an ID too long":             {up, []any{[]any{int64(0), int64(1), node("10.0.0.1", 7000, strings.Repeat("a", 64))}}, reason.Protocol},
		"an unknown address":         {up, []any{[]any{int64(0), int64(1), node("?", 7000, "a")}}, reason.Protocol},
		"an address that is none":    {up, []any{[]any{int64(0), int64(1), node(int64(1), 7000, "a")}}, reason.Protocol},
		"a port of 0":                {up, []any{[]any{int64(0), int64(1), node("10.0.0.1", 0, "a")}}, reason.Protocol},
		"a port past the last":       {up, []any{[]any{int64(0), int64(1), node("10.0.0.1", 65536, "a")}}, reason.Protocol},
		"a node that is not a list":  {up, []any{[]any{int64(0), int64(1), "10.0.0.1:7000"}}, reason.Protocol},
	} {
		t.Run(name, func(t *testing.T) {
			if shards, err := viewOf(test.state, test.slots).read(t.Context(), "10.0.0.9:7000", inCluster(false)); err == nil || reason.Classify(err).Reason != test.want {
				t.Errorf("read = %+v, %v; want %s", shards, err, test.want)
			}
		})
	}
	if _, err := viewOf("cluster_state:fail", []any{[]any{int64(0), int64(1), good}}).read(t.Context(), "10.0.0.9:7000", inCluster(true)); err != nil {
		t.Errorf("a part of a cluster is enough, and gives %v", err)
	}
}

func TestSlotOfAKeyIsThatOfTheServer(t *testing.T) {
	server := redistest.New(t, "--cluster-enabled", "yes")
	for _, key := range []string{"", "a", "123456789", "jobs", "{user}:1", "{user}:2", "a{}b", "{}", "{", "}{", "a{b}{c}", "a{{b}}", "é\x00\xff", strings.Repeat("k", 1024)} {
		if want := server.Do("cluster", "keyslot", key); int64(slotOf(key)) != want {
			t.Errorf("the slot of %q is %d, the server says %v", key, slotOf(key), want)
		}
	}
}

func slotsOf(primaries, replicas int) []any {
	ranges := make([]any, primaries)
	for i := range ranges {
		entry := []any{int64(i), int64(i)}
		for j := range 1 + replicas {
			entry = append(entry, node(fmt.Sprintf("10.%d.%d.%d", j, i/250, i%250), 7000, fmt.Sprintf("%d-%d", i, j)))
		}
		ranges[i] = entry
	}
	return ranges
}

func TestNodesOfAClusterAreBounded(t *testing.T) {
	alone := &target.Target{Cluster: &target.Cluster{AllowPartial: true}}
	for _, test := range []struct {
		primaries, replicas int
		of                  *target.Target
		fits                bool
	}{
		{MaxNodes, 0, alone, true}, {MaxNodes, 9, alone, true}, {MaxNodes + 1, 0, alone, false}, {8000, 0, alone, false},
		{MaxNodes / 2, 1, inCluster(true), true}, {MaxNodes / 2, 2, inCluster(true), false}, {1, 8000, inCluster(true), false},
	} {
		shards, err := viewOf(up, slotsOf(test.primaries, test.replicas)).read(t.Context(), "a:1", test.of)
		switch {
		case test.fits && (err != nil || len(shards) != test.primaries):
			t.Errorf("%+v: %d shards, %v", test, len(shards), err)
		case !test.fits && (err == nil || reason.Classify(err).Reason != reason.TooManyNodes):
			t.Errorf("%+v: %v, want %s", test, err, reason.TooManyNodes)
		}
	}
}

func FuzzClusterSlots(f *testing.F) {
	f.Add(`[[0, 16383, ["10.0.0.1", 7000, "a", []], [null, 7001, "b"]]]`, true)
	f.Add(`[[0, 1, ["", 1, "a"]], [2, 3, ["?", 1, "b"]], [3, 2, []]]`, false)
	f.Fuzz(func(t *testing.T, text string, replicas bool) {
		tgt := &target.Target{Cluster: &target.Cluster{AllowPartial: true}, Replicas: replicas}
		shards, err := viewOf(up, samplertest.ReplyIn(text)).read(t.Context(), "a:1", tgt)
		if err != nil {
			return
		}
		if CountNodes(shards) > MaxNodes {
			t.Fatalf("%q has %d nodes", text, CountNodes(shards))
		}
		for _, s := range shards {
			for _, m := range append([]Member{s.Primary}, s.Replicas...) {
				if len(m.ID) > 63 || len(m.Address) > connection.MaxHostBytes+8 {
					t.Fatalf("%q has the node %+v", text, m)
				}
			}
			for _, r := range s.Slots {
				if r.First < 0 || r.Last < r.First || r.Last >= AllSlots {
					t.Fatalf("%q has the slots %+v", text, r)
				}
			}
		}
		Covered(shards)
	})
}
