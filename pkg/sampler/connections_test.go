package sampler

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// perNamespace is how many connections to one server the targets of one namespace get.
const perNamespace = 128

// TestEndedTargetsGiveTheirConnectionsBack has more targets name one server than it
// may have connections.
func TestEndedTargetsGiveTheirConnectionsBack(t *testing.T) {
	server := redistest.New(t)
	w := managing(t)
	var all []*target.Target
	for n := range perNamespace + 10 {
		tgt := samplertest.TargetAt(fmt.Sprintf("t%d", n), server.Addr)
		tgt.Interval = time.Second
		all = append(all, tgt)
		w.Set(tgt)
	}
	count := func(state State) int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.states[state]
	}
	w.await(t, "10 are refused", func() bool { return count(Failing) == 10 && count(Sampled) == perNamespace })
	for _, tgt := range all[:len(all)-10] {
		w.Remove(tgt)
	}
	w.await(t, "the others are sampled", func() bool { return count(Sampled) == 10 })
	for _, tgt := range all {
		w.Remove(tgt)
	}
	for n := range perNamespace {
		w.Set(samplertest.TargetAt(fmt.Sprintf("again%d", n), server.Addr))
	}
	w.await(t, "as many as before are sampled", func() bool { return count(Sampled) == perNamespace })
}
