package sampler

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// slotsOf is a reply to CLUSTER SLOTS of many primaries, each with some replicas.
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
		{maxNodes, 0, alone, true}, {maxNodes, 9, alone, true}, {maxNodes + 1, 0, alone, false}, {8000, 0, alone, false},
		{maxNodes / 2, 1, inCluster(true), true}, {maxNodes / 2, 2, inCluster(true), false}, {1, 8000, inCluster(true), false},
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

// TestMostNodesSettleAtOnce lets the nodes of a large cluster name other replicas each.
func TestMostNodesSettleAtOnce(t *testing.T) {
	answers := make([]result, maxNodes)
	for i := range answers {
		shards, err := viewOf(up, slotsOf(maxNodes, 0)).read(t.Context(), "a:1", inCluster(true))
		if err != nil {
			t.Fatal(err)
		}
		for j := range shards {
			shards[j].replicas = []member{{fmt.Sprint(i), fmt.Sprintf("%d-%d:1", i, j)}}
		}
		answers[i].shards = shards
	}
	c := &cluster{target: inCluster(true)}
	begun := time.Now()
	_, err := c.assemble(nil, answers)
	if took := time.Since(begun); err == nil || reason.Classify(err).Reason != reason.TooManyNodes || took > 5*time.Second {
		t.Errorf("settle = %v after %s, want %s", err, took, reason.TooManyNodes)
	}
}

// TestFailedAttemptsPileUpNothing has a cluster name other nodes in each attempt.
func TestFailedAttemptsPileUpNothing(t *testing.T) {
	n := newNodes(targetAt("moving", "127.0.0.1:1"), open(t))
	defer n.close()
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

func TestObjectThatTakesTooMuchSaysSo(t *testing.T) {
	var store history.Store
	tgt := targetAt("large", "127.0.0.1:1")
	l := newLoop(t.Context(), tgt, time.Now())
	defer l.cancel()
	l.nodes = newNodes(tgt, open(t))
	l.kept = store.Open("large", history.Policy{Interval: time.Second, Window: time.Hour, MaxAge: time.Hour})
	text := "cmdstat_x:" + strings.Repeat("x", 1<<20)
	begun := time.Now()
	for i := range 100 {
		one := answering(t, "role:master", "run_id:a", text).Node
		one.At = begun.Add(time.Duration(i) * time.Second)
		err := l.record(history.NewSample(nil, one))
		if err == nil {
			continue
		}
		if reason.Classify(err).Reason != reason.TooMuchData || !strings.Contains(err.Error(), "more than 16 MiB") || i < 10 || i > 16 {
			t.Errorf("sample %d: %v", i, err)
		}
		return
	}
	t.Error("nothing bounds it")
}

// TestDeclaredFieldsOfInfoAreKept holds that no more of INFO is kept for an object
// that declares a field of it.
func TestDeclaredFieldsOfInfoAreKept(t *testing.T) {
	tgt := targetAt("declaring", "127.0.0.1:1")
	tgt.Probes = probe.Compile([]*probe.Probe{probe.Info("lazyfree_pending_objects", probe.Gauge, probe.Sum)})
	info, err := newPoller(tgt, tgt.Address, open(t)).parse([]byte("role:master\r\nlazyfree_pending_objects:3\r\nmem_allocator:" + strings.Repeat("x", 1<<16) + "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := info.Int("lazyfree_pending_objects"); got != 3 || err != nil || info.Size() > 100 {
		t.Errorf("the field is %d, %v, and %d bytes are kept", got, err, info.Size())
	}
}

// replyIn makes a reply of JSON: nested lists of texts, whole numbers and null.
func replyIn(text string) any {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return nil
	}
	var convert func(any) any
	convert = func(v any) any {
		switch v := v.(type) {
		case float64:
			return int64(v)
		case []any:
			for i := range v {
				v[i] = convert(v[i])
			}
			return v
		case string, nil:
			return v
		}
		return errors.New("an error in a list")
	}
	return convert(value)
}

// FuzzClusterSlots looks for replies whose shards are out of bounds.
func FuzzClusterSlots(f *testing.F) {
	f.Add(`[[0, 16383, ["10.0.0.1", 7000, "a", []], [null, 7001, "b"]]]`, true)
	f.Add(`[[0, 1, ["", 1, "a"]], [2, 3, ["?", 1, "b"]], [3, 2, []]]`, false)
	f.Fuzz(func(t *testing.T, text string, replicas bool) {
		tgt := &target.Target{Cluster: &target.Cluster{AllowPartial: true}, Replicas: replicas}
		shards, err := viewOf(up, replyIn(text)).read(t.Context(), "a:1", tgt)
		if err != nil {
			return
		}
		if countNodes(shards) > maxNodes {
			t.Fatalf("%q has %d nodes", text, countNodes(shards))
		}
		for _, s := range shards {
			for _, m := range append([]member{s.primary}, s.replicas...) {
				if len(m.id) > 63 || len(m.address) > maxHost+8 {
					t.Fatalf("%q has the node %+v", text, m)
				}
			}
			for _, r := range s.slots {
				if r.first < 0 || r.last < r.first || r.last >= allSlots {
					t.Fatalf("%q has the slots %+v", text, r)
				}
			}
		}
		covered(shards)
		common([]result{{response: response{shards: shards}}})
	})
}

// FuzzSentinelReplies looks for replies that name what is not an address.
func FuzzSentinelReplies(f *testing.F) {
	f.Add(`["name", "m", "config-epoch", "3"]`, `["10.0.0.1", "6379"]`)
	f.Add(`["config-epoch"]`, `[null, 6379]`)
	f.Fuzz(func(t *testing.T, master, place string) {
		_, _ = epochOf(replyIn(master))
		address, err := primaryIn(replyIn(place))
		if (err == nil) != (address != "") || len(address) > maxHost+8 {
			t.Fatalf("%q leads to %q, %v", place, address, err)
		}
	})
}

func TestMessagesNameTheLimits(t *testing.T) {
	for failure, want := range map[reason.Reason]string{
		reason.TooManyNodes:       fmt.Sprintf("more than %d nodes", maxNodes),
		reason.TooManyReplicas:    fmt.Sprintf("more than %d replicas", maxReplicas),
		reason.TooManyConnections: fmt.Sprintf("at most %d connections", maxConnections),
		reason.TooMuchData:        fmt.Sprintf("more than %d MiB", history.ObjectBytes>>20),
		reason.MemoryFull:         fmt.Sprintf("the %d MiB that they share beyond %d KiB each", history.LargeBytes>>20, history.OrdinaryBytes>>10),
	} {
		if text := (&reason.Error{Reason: failure}).Error(); !strings.Contains(text, want) {
			t.Errorf("%s says %q, want %q in it", failure, text, want)
		}
	}
}

func TestLimitsAreAsDocumented(t *testing.T) {
	const file = "../../deploy/docs/security.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("| a host that a Sentinel, a cluster or a primary names | %d bytes", maxHost),
		fmt.Sprintf("| the nodes of a cluster that are sampled for one object | %d, ", maxNodes),
		fmt.Sprintf("| the replicas of one primary outside of a cluster | %d |", maxReplicas),
		fmt.Sprintf("| one answer to INFO | %d KiB, 8192 lines |", maxInfoBytes>>10),
		fmt.Sprintf("| any other answer | %d KiB, %d elements, %d deep |", maxReplyBytes>>10, maxElements, maxDepth),
		fmt.Sprintf("| %d a second, %d at once |", dialsPerSecond, dialsAtOnce),
		fmt.Sprintf("| connections to one IP address and port, and half of that for one namespace | %d |", maxConnections),
		fmt.Sprintf("gives up %.0f s after the attempt", killWithin.Seconds()),
		fmt.Sprintf("| %.0f s, or two intervals if that is longer |", longestPause.Seconds()),
		fmt.Sprintf("| the samples of one object | %d MiB |", history.ObjectBytes>>20),
		fmt.Sprintf("| the samples of all objects, beyond %d KiB of each | %d MiB |", history.OrdinaryBytes>>10, history.LargeBytes>>20),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %q", file, want)
		}
	}
}
