package verifier

import (
	"sort"
	"time"
)

// counter records how many events there were when: successive batches, each between the instant at which it was sent
// and the instant at which its answers had arrived.
type counter struct {
	batches []batch
	doubts  []doubt
}

type batch struct {
	sent, acked time.Time
	before, n   Events // before is the sum of all earlier batches
}

// doubt is requests that may have been executed, between sent and until.
type doubt struct {
	sent, until time.Time // until is zero while it is open
	n           Events
}

func (c *counter) add(sent, acked time.Time, n Events) {
	before := Events{}
	if last := len(c.batches) - 1; last >= 0 {
		before = c.batches[last].before
		before.add(c.batches[last].n)
	}
	c.batches = append(c.batches, batch{sent, acked, before, n})
}

func (c *counter) doubt(sent time.Time, n Events) {
	c.doubts = append(c.doubts, doubt{sent: sent, n: n})
}

func (c *counter) settle(at time.Time) {
	for n := len(c.doubts) - 1; n >= 0 && c.doubts[n].until.IsZero(); n-- {
		c.doubts[n].until = at
	}
}

// count returns the fewest and the most events of a kind between two instants. known is false if nothing is known about
// one of the instants.
func (c *counter) count(kind Event, from, to time.Time) (fewest, most int64, known bool) {
	last := len(c.batches) - 1
	if last < 0 || from.Before(c.batches[0].sent) || to.After(c.batches[last].acked) {
		return 0, 0, false
	}
	sum := func(begin, end int) int64 {
		if begin >= end {
			return 0
		}
		return c.batches[end-1].before[kind] + c.batches[end-1].n[kind] - c.batches[begin].before[kind]
	}
	after := func(at time.Time, of func(*batch) time.Time) int {
		return sort.Search(len(c.batches), func(n int) bool { return of(&c.batches[n]).After(at) })
	}
	sent, acked := func(b *batch) time.Time { return b.sent }, func(b *batch) time.Time { return b.acked }
	fewest = sum(after(from, sent), after(to, acked))
	most = sum(after(from, acked), after(to, sent))
	for n := len(c.doubts) - 1; n >= 0; n-- {
		d := &c.doubts[n]
		if !d.until.IsZero() && d.until.Before(from) {
			break
		}
		if d.sent.Before(to) {
			most += d.n[kind]
		}
	}
	return fewest, most, true
}

func (c *counter) forget(before time.Time) {
	old := sort.Search(len(c.batches), func(n int) bool { return c.batches[n].acked.After(before) })
	if old > len(c.batches)/2 {
		c.batches = append([]batch(nil), c.batches[old:]...)
	}
	settled := sort.Search(len(c.doubts), func(n int) bool {
		return c.doubts[n].until.IsZero() || c.doubts[n].until.After(before)
	})
	c.doubts = c.doubts[settled:]
}
