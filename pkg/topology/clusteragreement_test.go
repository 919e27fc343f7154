package topology

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func TestCommonView(t *testing.T) {
	seen := func(ids ...string) result {
		var o result
		for _, id := range ids {
			o.Shards = append(o.Shards, poller.Shard{Primary: poller.Member{ID: id, Address: id + ":1"}})
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
				ids += s.Primary.ID
			}
			if ids != test.want || agreed != test.agreed {
				t.Errorf("common = %s, %t; want %s, %t", ids, agreed, test.want, test.agreed)
			}
		})
	}
	behind := seen("a")
	behind.Shards[0].Replicas = []poller.Member{{ID: "r", Address: "r:1"}}
	got, _ := common([]result{seen("a"), behind})
	if len(got[0].Replicas) != 1 {
		t.Error("a replica that one node sees is left out")
	}
}

func TestLargestClusterAssemblesAtOnce(t *testing.T) {
	answers := make([]result, poller.MaxNodes)
	for i := range answers {
		for j := range poller.MaxNodes {
			answers[i].Shards = append(answers[i].Shards, poller.Shard{
				Primary:  poller.Member{ID: fmt.Sprint(j), Address: fmt.Sprintf("%d:1", j)},
				Replicas: []poller.Member{{ID: fmt.Sprint(i), Address: fmt.Sprintf("%d-%d:1", i, j)}},
				Slots:    []poller.SlotRange{{First: j, Last: j}},
			})
		}
	}
	c := &cluster{target: &target.Target{Cluster: &target.Cluster{AllowPartial: true}, Replicas: true}}
	begun := time.Now()
	_, err := c.assemble(nil, answers)
	if took := time.Since(begun); err == nil || reason.Classify(err).Reason != reason.TooManyNodes || took > 5*time.Second {
		t.Errorf("assemble = %v after %s, want %s", err, took, reason.TooManyNodes)
	}
}
