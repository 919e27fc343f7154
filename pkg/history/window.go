package history

import (
	"fmt"
	"slices"
	"time"
)

// Snapshot returns a history that stays as h is now, so that several values can be
// read from the same samples.
func (h *History) Snapshot() *History {
	copied := &History{policy: h.policy}
	copied.current.Store(h.load())
	return copied
}

// SpanJoined is Span over the newest samples that are joined one to the next. It is
// for a counter that one of the nodes has, whose growth is divided by the time between
// the samples: the span is unknown if the nodes answered at too different times.
func (h *History) SpanJoined(now time.Time, joined func(before, after Sample) bool) (Span, error) {
	snap := h.load()
	last, err := h.latest(snap, now)
	if err != nil {
		return Span{}, err
	}
	first := len(snap.samples) - 1
	for first > 0 && joined(snap.samples[first-1], snap.samples[first]) {
		first--
	}
	reason := OneSample
	if first > 0 {
		reason = CounterReset
	}
	return h.span(snap, snap.samples[first:], last, (*Span).scattered, reason)
}

// CheckAge returns an *UnknownError if a scan of the keys that ended at that time is
// older than MaxAge. It may be older than the sample that holds its result.
func (h *History) CheckAge(ended, now time.Time) error {
	age := max(now.Sub(ended), wallClock(ended, now))
	if age <= h.policy.MaxAge {
		return nil
	}
	unknown := h.unknown(h.load(), Stale, age)
	unknown.message = fmt.Sprintf("the newest pass over the keys ended %s ago, more than maxAge %s: raise spec.sampling.maxAge or shorten spec.sampling.interval",
		age.Round(100*time.Millisecond), h.policy.MaxAge)
	return unknown
}

// Covering returns the samples of the window that ends with the newest one,
// oldest first, or an *UnknownError if they do not cover the window.
// The caller must not modify them.
func (h *History) Covering(now time.Time) ([]Sample, error) {
	snap := h.load()
	last, err := h.latest(snap, now)
	if err != nil {
		return nil, err
	}
	// A sample that is late by this much is not missing. A missing one leaves twice
	// the interval between its neighbours, less by as much as the first was late.
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
