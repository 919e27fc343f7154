package sampler

import (
	"sync"
	"testing"
	"time"

	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/topology"
)

// watched is a Manager whose attempts a test waits for.
type watched struct {
	*Manager
	store history.Store

	mu       sync.Mutex
	attempts map[string]int
	targets  int
	states   map[State]int
	wake     chan struct{}
}

func managing(t *testing.T) *watched {
	t.Helper()
	w := &watched{attempts: map[string]int{}, states: map[State]int{}, wake: make(chan struct{}, 1)}
	ctx := klog.NewContext(t.Context(), klog.New(nil)) // what is logged here is what the tests provoke
	w.Manager = New(ctx, Config{Store: &w.store, Observer: w, Listener: w.attempted, Egress: samplertest.Local(t), Credentials: &samplertest.Credentials{Newest: &credentials.Credentials{}}, Reads: samplertest.MetricFields()})
	t.Cleanup(w.Stop)
	return w
}

func (w *watched) Attempted(late, took time.Duration, _ reason.Reason) {}

func (w *watched) Targets(state State, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.states[state] = n
	w.targets = 0
	for _, of := range w.states {
		w.targets += of
	}
}

func (w *watched) attempted(t *target.Target) {
	w.mu.Lock()
	w.attempts[t.Name]++
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watched) count(t *target.Target) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.attempts[t.Name]
}

func (w *watched) of(t *target.Target) *history.History {
	return w.store.Get(t.ID())
}

// await returns once a condition holds that attempts bring about.
func (w *watched) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(samplertest.Patience)
	defer deadline.Stop()
	for !holds() {
		select {
		case <-w.wake:
		case <-deadline.C:
			t.Fatalf("waited %s in vain: %s", samplertest.Patience, what)
		}
	}
}

// awaitMore returns after n more attempts at a target.
func (w *watched) awaitMore(t *testing.T, of *target.Target, n int) {
	t.Helper()
	want := w.count(of) + n
	w.await(t, "more attempts", func() bool { return w.count(of) >= want })
}

// nodesOf are the nodes of a target, without a Manager.
func nodesOf(t testing.TB, tgt *target.Target) *topology.Nodes {
	t.Helper()
	d := connection.NewDialer(t.Context(), samplertest.Local(t), &samplertest.Credentials{Newest: &credentials.Credentials{}})
	t.Cleanup(d.Wait)
	return topology.New(d.Group(t.Context(), tgt), tgt, poller.NewFields(samplertest.MetricFields()))
}
