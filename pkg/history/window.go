package history

import (
	"slices"
	"time"
)

// Covering returns the samples of the window that ends with the newest one, oldest
// first, or an *UnknownError if they do not cover the window. The caller must not
// modify them.
func (h *History) Covering(now time.Time) ([]Sample, error) {
	snap := h.load()
	last, err := h.latest(snap, now)
	if err != nil {
		return nil, err
	}
	// A sample that is this late is not missing. A missing sample leaves twice the
	// interval between its neighbors, minus the lateness of the first.
	slack := h.policy.Interval * 3 / 4
	begin := slices.IndexFunc(snap.samples, func(s Sample) bool { return last.At.Sub(s.At) <= h.maxSpan() })
	samples := snap.samples[begin:]
	if last.At.Sub(samples[0].At) < h.policy.Window-slack {
		return nil, h.unknown(snap, Incomplete, 0)
	}
	for i, next := range samples[1:] {
		if next.At.Sub(samples[i].At) > h.policy.Interval+slack {
			return nil, h.unknown(snap, Incomplete, 0)
		}
	}
	return samples, nil
}
