package sampler

import (
	"hash/fnv"
	"time"
)

// tick is the grid that phases lie on. Attempts that are due at one instant wake
// the process once: at 2,000 in a second, waking it for each of them costs several
// times what the attempts do.
const tick = 20 * time.Millisecond

// schedule says when the attempts of a target are due: the first one soon, the
// others in a fixed rhythm whose phase is the target's own. The rhythms of all
// targets count from one start, so that they meet on the grid.
type schedule struct {
	interval time.Duration
	phase    time.Duration
}

func newSchedule(id string, interval time.Duration) schedule {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	phase := time.Duration(h.Sum64() % uint64(interval))
	return schedule{interval: interval, phase: phase.Truncate(tick)}
}

// first is when to begin with a target that has just appeared, within a tenth of
// the interval, so that many that appear at once are known soon and still do not
// all dial at one instant.
func (s schedule) first(appeared time.Time) time.Time {
	return appeared.Add(s.phase / 10)
}

// patient is after how many failures in a row every other beat is left out, so
// that a server that is away costs less than one that answers. More would put off
// what people wait for, that the server is seen again.
const patient = 3

// next is the first beat of the rhythm that lies at least a quarter of the
// interval after the last attempt was due: a rate over less would be coarse.
// Beats that an attempt took longer than are left out, not caught up with.
// A target that has just appeared may have to wait for longer than an interval for
// its rhythm, and knows no rate until then, so it is asked halfway as well.
func (s schedule) next(start, due, now time.Time, failures int) time.Time {
	earliest := due.Add(s.interval / 4)
	if failures >= patient {
		earliest = earliest.Add(s.interval)
	}
	if now.After(earliest) {
		earliest = now
	}
	beats := (earliest.Sub(start) - s.phase + s.interval - 1) / s.interval
	beat := start.Add(s.phase + beats*s.interval)
	if gap := beat.Sub(due); failures < patient && gap > s.interval && gap < 2*s.interval {
		halfway := due.Add(gap / 2)
		if halfway = halfway.Add(-halfway.Sub(start) % tick); halfway.After(earliest) {
			return halfway
		}
	}
	return beat
}
