package sampler

import (
	"hash/fnv"
	"time"
)

// tick is the grid on which phases lie. Attempts that are due at one instant wake the
// process once. At 2,000 attempts a second, waking it for each costs several times as
// much as the attempts.
const tick = 20 * time.Millisecond

const (
	// leadTime is how long before the caller asks a sample should end.
	leadTime = 100 * time.Millisecond
	// followFor is how long a caller is followed, and no other, after it has asked:
	// three syncs of the HorizontalPodAutoscaler controller and some slack.
	followFor = 50 * time.Second
)

// schedule says when the attempts at a target are due: the first soon, the others in a
// fixed rhythm. The phase is the target's own until a caller asks in a rhythm too. The
// rhythms of all targets count from one start, so they meet on the grid.
type schedule struct {
	start    time.Time
	interval time.Duration
	phase    time.Duration
	// heard is when the followed caller last asked, zero if there is none.
	heard time.Time
}

func newSchedule(start time.Time, id string, interval time.Duration) schedule {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	phase := time.Duration(h.Sum64() % uint64(interval))
	return schedule{start: start, interval: interval, phase: phase.Truncate(tick)}
}

// first returns when to begin with a target that has just appeared: within a tenth of
// the interval, so many targets that appear at once are known soon, and do not all dial
// at the same instant.
func (s *schedule) first(appeared time.Time) time.Time {
	return appeared.Add(s.phase / 10)
}

// follow moves the rhythm so that samples end shortly before a caller asks again, after
// a multiple of the interval, as the HorizontalPodAutoscaler controller does. Otherwise
// the response would be up to an interval old. took is how long an attempt takes. Of
// several callers, the first is followed while it asks.
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

// next returns the first instant of the rhythm at least half the interval after the
// last attempt was due. A rate over less would be coarse, and unknown if a server, or
// this process with thousands of new targets, is slow at first. Instants that pass
// during an attempt are skipped, not caught up with. A target that has just appeared,
// or whose phase has moved, may wait longer than an interval for its rhythm, so it is
// also asked halfway. After failures the next attempt is due later (see pause).
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
