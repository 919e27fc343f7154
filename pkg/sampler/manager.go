package sampler

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/poller"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/topology"
)

// Observer receives every attempt, for the adapter's own metrics.
type Observer interface {
	// Attempted records how late an attempt began, how long it took, and why it failed,
	// empty if it succeeded.
	Attempted(late, took time.Duration, failure reason.Reason)
	// Targets records how many targets are in a state.
	Targets(state State, n int)
}

// State is the state of a target's sampling.
type State string

const (
	// Pending means that no attempt has ended yet.
	Pending State = "Pending"
	// Sampled means that the newest attempt succeeded.
	Sampled State = "Sampled"
	// Failing means that the newest attempt failed.
	Failing State = "Failing"
)

// Listener is called when an attempt at a target has ended, with success or not. It
// must return at once.
type Listener func(t *target.Target)

// Config is what a Manager works with. All fields are required.
type Config struct {
	Store       *history.Store
	Credentials connection.Credentials
	Observer    Observer
	Listener    Listener
	// Egress is checked at each dial, wherever the address came from.
	Egress *egress.Policy
	// Reads reports whether any metric reads a field of INFO. Samples leave the others out.
	Reads func(field string) bool
}

// beginsPerSecond and beginsAtOnce bound how many loops begin at a time. Each dials,
// and an adapter that starts with thousands of targets would have so many handshakes
// under way that most of them would time out. When a loop begins is known in advance,
// so no server delays others by not answering.
const beginsPerSecond, beginsAtOnce = 2000, 200

// WarmUp bounds how long a Manager takes to become Ready. The rates of a target with a
// longer interval are known later.
const WarmUp = 15 * time.Second

// Manager runs one loop for each target.
type Manager struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	began  time.Time
	fields *poller.Fields
	dialer *connection.Dialer
	begins *rate.Limiter // of loops

	ended chan struct{} // closed when all loops have

	mu         sync.Mutex
	loops      map[string]*loop // by target ID
	states     map[State]int
	wg         sync.WaitGroup // of loops
	ready      bool
	readyAsked time.Time // first
}

// New returns a Manager without targets. Its loops end with ctx, or with Stop.
func New(ctx context.Context, cfg Config) *Manager {
	ctx, cancel := context.WithCancel(ctx)
	m := &Manager{
		cfg: cfg, ctx: ctx, cancel: cancel, began: time.Now(), fields: poller.NewFields(cfg.Reads),
		dialer: connection.NewDialer(ctx, cfg.Egress, cfg.Credentials), begins: rate.NewLimiter(beginsPerSecond, beginsAtOnce),
		ended: make(chan struct{}), loops: map[string]*loop{}, states: map[State]int{},
	}
	go m.run()
	return m
}

// run ends all loops when the Manager's context has ended.
func (m *Manager) run() {
	defer close(m.ended)
	<-m.ctx.Done()
	m.mu.Lock()
	for _, l := range m.loops {
		m.end(l)
	}
	m.mu.Unlock()
	m.wg.Wait()
	m.dialer.Wait()
}

// Set begins to sample a target, unless it is sampled already.
func (m *Manager) Set(t *target.Target) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, running := m.loops[t.ID()]; running || m.ctx.Err() != nil {
		return
	}
	now := time.Now()
	l := newLoop(m.ctx, t, now.Add(m.begins.ReserveN(now, 1).DelayFrom(now)))
	l.group = m.dialer.Group(l.ctx, t)
	l.nodes = topology.New(l.group, t, m.fields)
	l.history = m.cfg.Store.Open(t.ID(), history.Policy{Interval: t.Interval, Window: t.Window, MaxAge: t.MaxAge})
	l.transitions.logger = klog.FromContext(m.ctx).WithValues("redis", t.NamespacedName, "generation", t.Generation)
	l.transitions.limit = rate.Sometimes{First: logBurst, Interval: logGap}
	l.schedule = newSchedule(m.began, t.ID(), t.Interval)
	l.due = l.schedule.first(l.begun)
	m.loops[t.ID()] = l
	m.count(Pending, 1)
	m.wg.Add(1)
	l.timer = time.AfterFunc(time.Until(l.due), func() { m.turn(l) })
}

// Remove ends the sampling of a target, closes its connection and forgets its samples.
func (m *Manager) Remove(t *target.Target) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l, running := m.loops[t.ID()]; running {
		l.cancel()
		m.end(l)
		delete(m.loops, t.ID())
		m.count(l.state, -1)
	}
	m.cfg.Store.Close(t.ID())
}

// setState sets the state of a target, unless its loop has ended meanwhile.
func (m *Manager) setState(l *loop, to State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if from := l.state; from != to && m.loops[l.target.ID()] == l {
		l.state = to
		m.count(from, -1)
		m.count(to, 1)
	}
}

// count changes the number of targets in a state. The caller holds the lock.
func (m *Manager) count(state State, more int) {
	m.states[state] += more
	m.cfg.Observer.Targets(state, m.states[state])
}

// Ready reports whether two attempts at each target have ended, so the rates of all
// targets that do not fail are known. It becomes true at the latest WarmUp after the
// first call, whatever servers and authors of objects do, and then stays true. Set all
// targets before the first call.
func (m *Manager) Ready() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.readyAsked.IsZero() {
		m.readyAsked = time.Now()
	}
	if !m.ready {
		m.ready = time.Since(m.readyAsked) >= WarmUp || !m.pending()
	}
	return m.ready
}

// pending reports whether a loop has not ended two attempts. The caller holds the lock.
func (m *Manager) pending() bool {
	for _, l := range m.loops {
		if l.ended.Load() < 2 {
			return true
		}
	}
	return false
}

// Stalled returns an error while most loops are stalled, which no Redis can cause.
func (m *Manager) Stalled() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	stalled, now := 0, time.Now()
	for _, l := range m.loops {
		if l.stalled(now) {
			stalled++
		}
	}
	if 2*stalled > len(m.loops) {
		return fmt.Errorf("sampling of %d of %d targets has stalled", stalled, len(m.loops))
	}
	return nil
}

// ObserveRequest records that the HorizontalPodAutoscaler controller asks for a metric of
// a target now. The controller asks in a fixed rhythm. The samples move to it, so each
// response is fresh.
func (m *Manager) ObserveRequest(t *target.Target) {
	m.mu.Lock()
	l := m.loops[t.ID()]
	m.mu.Unlock()
	if l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.schedule.follow(time.Now(), l.took)
	}
}

// Stop ends all loops and waits until their connections are closed.
func (m *Manager) Stop() {
	m.cancel()
	<-m.ended
}
