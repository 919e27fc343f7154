package history

import (
	"time"
)

// Span is two samples of the same processes, without a reset in between.
type Span struct {
	First, Last Sample
}

// Duration is the time that the span covers. It is above zero.
func (s Span) Duration() time.Duration { return s.Last.At.Sub(s.First.At) }

// Of returns the answer at which the span of a node of Last begins. ok is false if the
// node was not there all the time, or answered too slowly. The caller must not modify
// either.
func (s *Span) Of(last *Node) (first *Node, ok bool) {
	first = s.First.find(last)
	return first, first != nil && first.Info != nil && last.Info != nil && !last.since.After(first.At) && !imprecise(first, last)
}

// imprecise reports whether the timing of a node that counts is imprecise.
func (s *Span) imprecise() bool {
	first, last := s.First.Counted(), s.Last.Counted()
	for n := range last {
		if imprecise(&first[n], &last[n]) {
			return true
		}
	}
	return false
}

// scattered reports whether the time between the answers of some node may differ by
// more than a tenth from that between the samples. A node that had to be dialed again
// answers later than the others of its sample.
func (s *Span) scattered() bool {
	first, last := s.First.Counted(), s.Last.Counted()
	for n := range last {
		apart := last[n].At.Sub(first[n].At) - s.Duration()
		if 10*(apart.Abs()+first[n].RoundTrip+last[n].RoundTrip) > s.Duration() {
			return true
		}
	}
	return false
}

// imprecise reports whether the time over which counters grew may differ by more than a
// tenth from that between the arrivals of two answers, because a server reads its
// counters at some instant within the round trip.
func imprecise(first, last *Node) bool {
	return 10*(first.RoundTrip+last.RoundTrip) > last.At.Sub(first.At)
}

// Span returns the two samples between which a rate is taken, or an *UnknownError.
func (h *History) Span(now time.Time) (Span, error) {
	snap := h.load()
	last, err := h.latest(snap, now)
	if err != nil {
		return Span{}, err
	}
	return h.span(snap, snap.samples, last, (*Span).imprecise, OneSample)
}

// span joins the earliest possible sample to the last. If there is none, the span is
// unknown, for the given reason or because all of them are imprecise.
func (h *History) span(snap *snapshot, samples []Sample, last Sample, imprecise func(*Span) bool, reason Reason) (Span, error) {
	for _, first := range samples {
		span := Span{First: first, Last: last}
		switch apart := span.Duration(); {
		case apart <= 0 || apart > h.maxSpan():
		case imprecise(&span):
			reason = ImpreciseTiming
		default:
			return span, nil
		}
	}
	return Span{}, h.unknown(snap, reason, 0)
}

// maxSpan returns the length of the longest span: half an interval more than the
// window, because a sample may come a little late.
func (h *History) maxSpan() time.Duration {
	return h.policy.Window + h.policy.Interval/2
}

// SpanJoined is like Span, over the newest run of samples in which each one joins the
// next. It is for a counter of one of the nodes, whose growth is divided by the time
// between the samples. The span is unknown if the nodes answered at too different times.
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
