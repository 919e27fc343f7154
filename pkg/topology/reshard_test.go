package topology

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestReshardingUnderLoad moves slots with their keys while clients write, and
// holds each number that is counted meanwhile against what had been sent by then.
func TestReshardingUnderLoad(t *testing.T) { redistest.Each(t, testReshardingUnderLoad) }

func testReshardingUnderLoad(t *testing.T, p redistest.Program) {
	const keys = 100
	c := p.NewCluster(t, 3, 0)
	c.Calm()
	x := trafficTo(t, c)
	x.send(keys) // a key that is there is written at the node that has it
	s := surveying(t, clusterAt(c))
	s.sample()
	ctx, stop := context.WithCancel(t.Context())
	var begun, done atomic.Int64
	ended := make(chan error, 1)
	go func() {
		for n := 0; ctx.Err() == nil; n++ {
			begun.Add(1)
			if err := x.client.Set(context.WithoutCancel(ctx), "key-"+strconv.Itoa(1+n%keys), "y", 0).Err(); err != nil {
				ended <- err
				return
			}
			done.Add(1)
		}
		ended <- nil
	}()
	compared := 0
	for n := range 12 {
		key := "key-" + strconv.Itoa(1+n)
		from := owner(t, c, key)
		c.MoveKeys(slotOf(t, c, key), c.Nodes[from], c.Nodes[(from+1)%len(c.Nodes)])
		least := done.Load()
		if s.attempt() != nil {
			continue
		}
		most := begun.Load()
		if got, err := s.requests("command=set"); err == nil {
			compared++
			if got < float64(least)-0.5 || got > float64(most)+0.5 {
				t.Errorf("%v requests are counted while slots move, sent were %d to %d", got, least, most)
			}
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	s.recover()
	s.counts("command=set", float64(done.Load()))
	if compared < 3 {
		t.Errorf("only %d numbers were compared while slots moved", compared)
	}
}

// owner is the place of the node that has a key.
func owner(t *testing.T, c *redistest.Cluster, key string) int {
	t.Helper()
	n := slices.IndexFunc(c.Nodes, func(node *redistest.Server) bool { return node.Client().Exists(t.Context(), key).Err() == nil })
	if n < 0 {
		t.Fatalf("no node has the key %s", key)
	}
	return n
}

// slotOf is the slot of a key.
func slotOf(t *testing.T, c *redistest.Cluster, key string) int {
	t.Helper()
	slot, ok := c.Nodes[0].Do("cluster", "keyslot", key).(int64)
	if !ok {
		t.Fatal("CLUSTER KEYSLOT is not a number")
	}
	return int(slot)
}
