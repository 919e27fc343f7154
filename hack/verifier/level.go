package verifier

import (
	"sort"
	"time"
)

type level struct {
	changes []change
}

// change is a change of a number, at some instant between sent and acked. If its answer never came, acked is zero,
// and the change is in doubt until the next one.
type change struct {
	sent, acked time.Time
	value       float64
}

func (l *level) set(sent, acked time.Time, value float64) {
	l.changes = append(l.changes, change{sent, acked, value})
}

// between returns the least and the largest value that the level may have had between two instants. known is false
// if nothing is known.
func (l *level) between(from, to time.Time) (least, largest float64, known bool) {
	n := l.sentAfter(to) - 1
	if n < 0 {
		return 0, 0, false
	}
	least, largest = l.changes[n].value, l.changes[n].value
	for ; n >= 0; n-- {
		c := l.changes[n]
		least, largest = min(least, c.value), max(largest, c.value)
		if !c.acked.IsZero() && !c.acked.After(from) {
			return least, largest, true
		}
	}
	return 0, 0, false
}

// ackedBefore returns when the newest change was acknowledged before an instant.
func (l *level) ackedBefore(at time.Time) (time.Time, bool) {
	for n := l.sentAfter(at) - 1; n >= 0; n-- {
		if acked := l.changes[n].acked; !acked.IsZero() && !acked.After(at) {
			return acked, true
		}
	}
	return time.Time{}, false
}

func (l *level) sentAfter(at time.Time) int {
	return sort.Search(len(l.changes), func(n int) bool { return l.changes[n].sent.After(at) })
}

func (l *level) forget(before time.Time) {
	n := l.sentAfter(before) - 1
	for n > 0 && l.changes[n].acked.IsZero() {
		n--
	}
	if n > len(l.changes)/2 {
		l.changes = append([]change(nil), l.changes[n:]...)
	}
}
