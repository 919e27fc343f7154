package sampler

import (
	"context"
	"sync"
	"time"

	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/series"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Observer is told of every attempt, for the adapter's own metrics.
type Observer interface {
	// Attempted reports how late an attempt began, how long it took, and the
	// reason why it failed, empty if it did not.
	Attempted(late, took time.Duration, reason Reason)
	// Targets reports how many targets are sampled.
	Targets(n int)
}

// Listener hears that an attempt at a target has ended, whichever way. It must
// return at once.
type Listener func(t *target.Target)

// Config is what a Manager works with. All fields are required.
type Config struct {
	Store       *series.Store
	Credentials Credentials
	Observer    Observer
	Listener    Listener
	// Egress is asked at each dial, whatever the address came from.
	Egress *egress.Policy
}

// Manager runs one loop for each target.
type Manager struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc

	mu    sync.Mutex
	loops map[string]context.CancelFunc // by target ID
	wg    sync.WaitGroup
}

// New returns a Manager without targets. Its loops end with ctx, or with Stop.
func New(ctx context.Context, cfg Config) *Manager {
	ctx, cancel := context.WithCancel(ctx)
	return &Manager{cfg: cfg, ctx: ctx, cancel: cancel, loops: map[string]context.CancelFunc{}}
}

// Set begins to sample a target, unless it is sampled already.
func (m *Manager) Set(t *target.Target) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, running := m.loops[t.ID()]; running || m.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(m.ctx)
	m.loops[t.ID()] = cancel
	kept := m.cfg.Store.Open(t.ID(), series.Policy{Interval: t.Interval, Window: t.Window, MaxAge: t.MaxAge})
	m.wg.Go(func() { m.loop(ctx, t, kept) })
	m.cfg.Observer.Targets(len(m.loops))
}

// Remove ends the sampling of a target, closes its connection and forgets its samples.
func (m *Manager) Remove(t *target.Target) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if cancel, running := m.loops[t.ID()]; running {
		cancel()
		delete(m.loops, t.ID())
	}
	m.cfg.Store.Close(t.ID())
	m.cfg.Observer.Targets(len(m.loops))
}

// Stop ends all loops and waits until their connections are closed.
func (m *Manager) Stop() {
	m.cancel()
	m.wg.Wait()
}

func (m *Manager) loop(ctx context.Context, t *target.Target, kept *series.Series) {
	logger := klog.FromContext(ctx).WithValues("redis", t.NamespacedName, "generation", t.Generation)
	asked := newNodes(t, means{m.cfg.Egress, m.cfg.Credentials})
	defer asked.close()
	start := time.Now()
	rhythm := newSchedule(t.ID(), t.Interval)
	due := rhythm.first(start)
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	failing := Reason("")
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		sample, nodes, err := asked.attempt(ctx)
		if ctx.Err() != nil {
			return
		}
		reason := Reason("")
		if err != nil {
			reason = classify(err).Reason
			kept.Fail(err, nodes...)
		} else {
			kept.Record(sample)
		}
		if reason != failing {
			logger.Info("Sampling changed", "failure", reason, "before", failing)
			failing = reason
		}
		now := time.Now()
		m.cfg.Observer.Attempted(began.Sub(due), now.Sub(began), reason)
		m.cfg.Listener(t)
		due = rhythm.next(start, due, now)
		timer.Reset(due.Sub(now))
	}
}
