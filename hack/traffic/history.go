package traffic

import (
	"sort"
	"sync"
	"time"
)

// History remembers how many requests had been answered at which instants. It is safe for concurrent use.
type History struct {
	keep time.Duration

	mu     sync.Mutex
	points []point
}

// NewHistory returns an empty history that reaches back for at least keep.
func NewHistory(keep time.Duration) *History { return &History{keep: keep} }

type point struct {
	at    time.Time
	total int64
}

// Record notes a total. Instants and totals only ever grow.
func (h *History) Record(at time.Time, total int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.points = append(h.points, point{at, total})
	old := sort.Search(len(h.points), func(i int) bool { return h.points[i].at.After(at.Add(-h.keep)) })
	if old > len(h.points)/2 {
		h.points = append([]point(nil), h.points[old:]...)
	}
}

// Rate returns requests per second between two instants, and false when one of them lies outside of what is remembered.
func (h *History) Rate(from, to time.Time) (float64, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before, okBefore := h.total(from)
	after, okAfter := h.total(to)
	if !okBefore || !okAfter || !to.After(from) {
		return 0, false
	}
	return (after - before) / to.Sub(from).Seconds(), true
}

func (h *History) total(at time.Time) (float64, bool) {
	next := sort.Search(len(h.points), func(i int) bool { return !h.points[i].at.Before(at) })
	switch {
	case next == len(h.points):
		return 0, false
	case h.points[next].at.Equal(at):
		return float64(h.points[next].total), true
	case next == 0:
		return 0, false
	}
	a, b := h.points[next-1], h.points[next]
	share := at.Sub(a.at).Seconds() / b.at.Sub(a.at).Seconds()
	return float64(a.total) + share*float64(b.total-a.total), true
}
