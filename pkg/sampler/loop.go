package sampler

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/topology"
)

const (
	// stallAfter is how long an attempt may exceed its time before it counts as stalled.
	stallAfter = time.Minute
	// logBurst and logGap bound the log lines of one target.
	logBurst, logGap = 4, time.Minute
)

// loop samples one target, one turn after the other. Between turns it has a timer and
// no goroutine.
type loop struct {
	target *target.Target
	ctx    context.Context
	cancel context.CancelFunc
	// state and timer are guarded by the Manager's lock. timer begins the next turn.
	state State
	timer *time.Timer
	// begun is when the first turn may come, and over is how long after that the
	// attempt under way, or the next one, must have ended.
	begun time.Time
	over  atomic.Int64
	ended atomic.Int64 // attempts

	// What follows belongs to the turn under way.
	group       *connection.Group
	nodes       *topology.Nodes
	history     *history.History
	due         time.Time
	transitions transitionLogger
	failing     time.Time // when the first of the failures in a row was due, zero without one

	mu       sync.Mutex
	schedule schedule
	took     time.Duration // by the last attempt
}

func newLoop(ctx context.Context, t *target.Target, begun time.Time) *loop {
	l := &loop{target: t, state: Pending, begun: begun}
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.expect(l.begun.Add(t.Interval))
	return l
}

// expect notes when the next attempt is due.
func (l *loop) expect(due time.Time) {
	l.over.Store(int64(due.Sub(l.begun) + l.target.Timeout))
}

func (l *loop) stalled(now time.Time) bool {
	return now.Sub(l.begun)-time.Duration(l.over.Load()) > stallAfter
}

// next sets when the next attempt is due, after one that took so long.
func (l *loop) next(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = took
	outage := time.Duration(0)
	if !l.failing.IsZero() {
		outage = l.due.Sub(l.failing)
	}
	l.due = l.schedule.next(l.due, time.Now(), outage)
	l.expect(l.due)
}

// turn makes the attempt that is due and waits for the next one, or ends a loop that has
// been cancelled.
func (m *Manager) turn(l *loop) {
	if m.ctx.Err() == nil && l.ctx.Err() == nil { // the first knows a moment before the other
		m.attempt(l)
	}
	if !m.await(l) {
		l.nodes.Close()
		l.group.Close()
		m.wg.Done()
	}
}

// await schedules the next turn of a loop. It reports false, and does nothing, if the
// loop has been cancelled.
func (m *Manager) await(l *loop) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ctx.Err() != nil || l.ctx.Err() != nil {
		return false
	}
	l.timer.Reset(time.Until(l.due))
	return true
}

// end makes a cancelled loop take its last turn now. A turn under way notices by
// itself. The caller holds the lock.
func (m *Manager) end(l *loop) {
	if l.timer.Stop() {
		go m.turn(l)
	}
}

func (m *Manager) attempt(l *loop) {
	began := time.Now()
	sample, nodes, err := l.nodes.Attempt(l.ctx)
	if l.ctx.Err() != nil {
		return
	}
	if err == nil {
		err = l.record(sample)
	}
	failure := reason.Reason("")
	if err != nil {
		failure = reason.Classify(err).Reason
		if l.failing.IsZero() {
			l.failing = l.due
		}
		l.history.Fail(err, nodes...)
		m.setState(l, Failing)
	} else {
		l.failing = time.Time{}
		m.setState(l, Sampled)
	}
	l.ended.Add(1)
	l.transitions.log(failure)
	took := time.Since(began)
	m.cfg.Observer.Attempted(began.Sub(l.due), took, failure)
	m.cfg.Listener(l.target)
	l.next(took)
}

// record keeps a sample. The error is a *reason.Error. After an error, it drops what the
// nodes' replies had in common, which may be large.
func (l *loop) record(sample history.Sample) error {
	err := l.history.Record(sample)
	if err == nil {
		return nil
	}
	l.nodes.Forget()
	failure := reason.MemoryFull
	if errors.Is(err, history.ErrObjectFull) {
		failure = reason.TooMuchData
	}
	return &reason.Error{Reason: failure, Cause: err}
}

// transitionLogger logs how the attempts at a target end, when that changes.
type transitionLogger struct {
	logger klog.Logger
	last   reason.Reason
	limit  rate.Sometimes
}

func (t *transitionLogger) log(failure reason.Reason) {
	if failure == t.last {
		return
	}
	t.limit.Do(func() {
		t.logger.Info("Sampling changed", "failure", failure, "before", t.last)
		t.last = failure
	})
}
