package series

import (
	"fmt"
	"slices"
	"time"
)

// Frozen returns a series that stays as s is now, so that several values can be
// read from the same samples.
func (s *Series) Frozen() *Series {
	frozen := &Series{policy: s.policy}
	frozen.current.Store(s.load())
	return frozen
}

// SpanJoined is Span over samples each of which is joined to the one before it.
func (s *Series) SpanJoined(now time.Time, joined func(before, after Sample) bool) (Span, error) {
	h := s.load()
	last, err := s.latest(h, now)
	if err != nil {
		return Span{}, err
	}
	first := len(h.samples) - 1
	for first > 0 && joined(h.samples[first-1], h.samples[first]) {
		first--
	}
	reason := OneSample
	if first > 0 {
		reason = CounterReset
	}
	return s.span(h, h.samples[first:], last, reason)
}

// Fresh returns an *UnknownError if a pass over the keys that ended at an instant
// is older than MaxAge: it may be older than the sample that holds its outcome.
func (s *Series) Fresh(ended, now time.Time) error {
	age := max(now.Sub(ended), wallClock(ended, now))
	if age <= s.policy.MaxAge {
		return nil
	}
	unknown := s.unknown(s.load(), Stale, age)
	unknown.message = fmt.Sprintf("the newest pass over the keys ended %s ago, more than maxAge %s: raise spec.sampling.maxAge or shorten spec.sampling.interval",
		age.Round(100*time.Millisecond), s.policy.MaxAge)
	return unknown
}

// Covering returns the samples of the window that ends with the newest one,
// oldest first, or an *UnknownError if they do not cover it, or one is missing.
// The caller must not modify them.
func (s *Series) Covering(now time.Time) ([]Sample, error) {
	h := s.load()
	last, err := s.latest(h, now)
	if err != nil {
		return nil, err
	}
	// A sample that is late by this much is not missing. A missing one leaves twice
	// the interval between its neighbours, less by as much as the first was late.
	slack := s.policy.Interval * 3 / 4
	begin := slices.IndexFunc(h.samples, func(one Sample) bool { return last.At.Sub(one.At) <= s.reach() })
	samples := h.samples[begin:]
	if last.At.Sub(samples[0].At) < s.policy.Window-slack {
		return nil, s.unknown(h, Incomplete, 0)
	}
	for n, one := range samples[1:] {
		if one.At.Sub(samples[n].At) > s.policy.Interval+slack {
			return nil, s.unknown(h, Incomplete, 0)
		}
	}
	return samples, nil
}
