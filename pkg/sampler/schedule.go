package sampler

import (
	"hash/fnv"
	"time"
)

// tick is the grid that phases lie on. Attempts that are due at one instant wake
// the process once: at 2,000 in a second, waking it for each of them costs several
// times what the attempts do.
const tick = 20 * time.Millisecond

const (
	// leadTime is how long before its caller asks a sample should have ended.
	leadTime = 100 * time.Millisecond
	// followFor is for how long after it has asked a caller is followed and no other,
	// three rounds of the HorizontalPodAutoscaler's controller and their slack.
	followFor = 50 * time.Second
)

// schedule says when the attempts of a target are due: the first one soon, the
// others in a fixed rhythm whose phase is the target's own until somebody asks in
// a rhythm too. The rhythms of all targets count from one start, so that they meet
// on the grid.
type schedule struct {
	start    time.Time
	interval time.Duration
	phase    time.Duration
	// heard is when the caller that is followed asked last, zero if there is none.
	heard time.Time
}

func newSchedule(start time.Time, id string, interval time.Duration) schedule {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	phase := time.Duration(h.Sum64() % uint64(interval))
	return schedule{start: start, interval: interval, phase: phase.Truncate(tick)}
}

// first is when to begin with a target that has just appeared, within a tenth of
// the interval, so that many that appear at once are known soon and still do not
// all dial at one instant.
func (s *schedule) first(appeared time.Time) time.Time {
	return appeared.Add(s.phase / 10)
}

// follow has the rhythm end its samples shortly before a caller asks, who comes
// again after a multiple of the interval, as the HorizontalPodAutoscaler's
// controller does: without, what it is told is up to an interval old. It tells how
// long an attempt takes. Of several callers the first is followed while it asks.
func (s *schedule) follow(asked time.Time, took time.Duration) {
	off := (asked.Sub(s.start) - leadTime - took - s.phase) % s.interval
	if off < 0 {
		off += s.interval
	}
	if near := s.interval / 20; off > near && off < s.interval-near && asked.Sub(s.heard) < followFor {
		return
	}
	s.heard = asked
	s.phase = (s.phase + off.Truncate(tick)) % s.interval
}

// next is the first instant of the rhythm that lies at least half the interval after
// the last attempt was due: a rate over less would be coarse, and unknown where a
// server, or this process with thousands of targets to begin with, is slow at first.
// Instants that an attempt took longer than are left out, not caught up with.
// A target that has just appeared, or whose phase has moved, may have to wait for
// longer than an interval for its rhythm, so it is asked halfway as well. After
// failures the next attempt is due later (see pause).
func (s *schedule) next(due, now time.Time, outage time.Duration) time.Time {
	pause := s.pause(outage)
	earliest := due.Add(pause - s.interval/2)
	if now.After(earliest) {
		earliest = now
	}
	intervals := (earliest.Sub(s.start) - s.phase + s.interval - 1) / s.interval
	next := s.start.Add(s.phase + intervals*s.interval)
	longest := s.interval
	if !s.heard.IsZero() {
		longest += s.interval / 50 // callers come a little later each time
	}
	if gap := next.Sub(due); pause == s.interval && gap > longest && gap < 2*s.interval {
		halfway := due.Add(gap / 2)
		if halfway = halfway.Add(-halfway.Sub(s.start) % tick); halfway.After(earliest) {
			return halfway
		}
	}
	return next
}
