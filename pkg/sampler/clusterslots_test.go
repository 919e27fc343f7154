package sampler

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// viewOf is a view that a node gave.
func viewOf(state string, slots any) view {
	v := view{state: redis.NewStringCmd(context.Background()), slots: redis.NewCmd(context.Background())}
	v.state.SetVal(state)
	v.slots.SetVal(slots)
	return v
}

// inCluster is a target whose replicas are sampled.
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
	if len(shards) != 2 || shards[0].primary != (member{"a", "[2001:db8::1]:7000"}) || shards[1].primary != (member{"b", "10.0.0.2:7000"}) {
		t.Fatalf("shards are %+v, want those of a and b", shards)
	}
	if !covered(shards) || !slices.Equal(shards[0].slots, []slotRange{{0, 99}, {100, 8191}}) {
		t.Errorf("slots are %+v and %+v", shards[0].slots, shards[1].slots)
	}
	if covered(shards[1:]) || covered(shards[:1]) || covered(nil) {
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
		"a host of 254 bytes":        {up, []any{[]any{int64(0), int64(16383), node(strings.Repeat("a", maxHost+1), 7000, "a")}}, reason.Protocol},
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

func TestCommonView(t *testing.T) {
	seen := func(ids ...string) result {
		var o result
		for _, id := range ids {
			o.shards = append(o.shards, shard{primary: member{id, id + ":1"}})
		}
		return o
	}
	failed := result{err: &reason.Error{Reason: reason.Timeout}}
	for name, test := range map[string]struct {
		answers []result
		want    string
		agreed  bool
	}{
		"all see the same":         {[]result{seen("a", "b"), seen("b", "a")}, "ab", true},
		"one does not answer":      {[]result{seen("a", "b"), failed}, "ab", true},
		"one is behind the others": {[]result{seen("a", "b"), seen("a", "c"), seen("c", "a")}, "ac", false},
		"none answers":             {[]result{failed, failed}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			got, agreed := common(test.answers)
			ids := ""
			for _, s := range got {
				ids += s.primary.id
			}
			if ids != test.want || agreed != test.agreed {
				t.Errorf("common = %s, %t; want %s, %t", ids, agreed, test.want, test.agreed)
			}
		})
	}
	behind := seen("a")
	behind.shards[0].replicas = []member{{"r", "r:1"}}
	got, _ := common([]result{seen("a"), behind})
	if len(got[0].replicas) != 1 {
		t.Error("a replica that one node sees is left out")
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
