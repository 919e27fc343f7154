package sampler

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/series"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

const (
	// stallAfter is how long after the end of its time an attempt counts as one that never ends.
	stallAfter = time.Minute
	// logBurst and logGap bound the log lines of one target.
	logBurst, logGap = 4, time.Minute
)

// loop is the sampling of one target.
type loop struct {
	target *target.Target
	cancel context.CancelFunc
	state  State // guarded by the Manager's lock
	// begun is when the turn of the loop to begin comes, and over how long after that the attempt under
	// way, or the next one, must have ended.
	begun time.Time
	over  atomic.Int64
	ended atomic.Int64 // attempts
}

func newLoop(t *target.Target, begun time.Time, cancel context.CancelFunc) *loop {
	l := &loop{target: t, cancel: cancel, state: Pending, begun: begun}
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

// run makes one attempt after the other until ctx ends.
func (m *Manager) run(ctx context.Context, l *loop, kept *series.Series) {
	t := l.target
	asked := newNodes(t, means{ctx, m.cfg.Egress, m.cfg.Credentials, m.bursts})
	defer asked.close()
	rhythm := newSchedule(t.ID(), t.Interval)
	due := rhythm.first(l.begun)
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	told := teller{logger: klog.FromContext(ctx).WithValues("redis", t.NamespacedName, "generation", t.Generation)}
	failures := 0
	for {
		l.expect(due)
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
			failures++
			kept.Fail(err, nodes...)
			m.move(l, Failing)
		} else {
			failures = 0
			kept.Record(sample)
			m.move(l, Sampled)
		}
		l.ended.Add(1)
		told.tell(reason)
		now := time.Now()
		m.cfg.Observer.Attempted(began.Sub(due), now.Sub(began), reason)
		m.cfg.Listener(t)
		due = rhythm.next(m.began, due, now, failures)
		timer.Reset(due.Sub(now))
	}
}

// teller logs how the attempts at a target end, when that changes.
type teller struct {
	logger klog.Logger
	told   Reason
	limit  rate.Sometimes
}

func (t *teller) tell(reason Reason) {
	if reason == t.told {
		return
	}
	if t.limit.Interval == 0 {
		t.limit = rate.Sometimes{First: logBurst, Interval: logGap}
	}
	t.limit.Do(func() {
		t.logger.Info("Sampling changed", "failure", reason, "before", t.told)
		t.told = reason
	})
}
