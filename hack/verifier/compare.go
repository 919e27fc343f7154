package verifier

import (
	"fmt"
	"math"
)

func (v *Verifier) compare(a Answer, b binding) (wrong string, known bool) {
	least, largest, wrong, known := v.bounds(a, b)
	e, blur := a.expected, v.blur(a)
	more := e.More
	if e.Kind == Rate {
		more += v.another(a)
	}
	switch {
	case wrong != "" || !known:
		return wrong, known
	case a.Value == 0 && least-blur > 0:
		return fmt.Sprintf("a false zero: it was %.6g to %.6g", least, largest), true
	case a.Value < least*(1-e.Share)-blur-finest || a.Value > largest*(1+e.Share)+more+blur+finest:
		return fmt.Sprintf("it was %.6g to %.6g", least, largest), true
	}
	return "", true
}

// bounds returns the least and the largest value that explains an answer, or what is wrong about it independently of
// its value.
func (v *Verifier) bounds(a Answer, b binding) (least, largest float64, wrong string, known bool) {
	switch a.expected.Kind {
	case Rate:
		if wrong := joins(a, b); wrong != "" {
			return 0, 0, wrong, true
		}
		least, largest, known = b.truth.Within(a.At, a.Window, a.expected.Of)
	case Spanned:
		if joins(a, b) != "" {
			return 0, 0, "", false // of both servers
		}
		least, largest, known = b.truth.Over(v.about(Span{a.At.Add(-a.Window - resolution/2), a.taken().To}), a.expected.Of)
	default:
		least, largest, known = b.truth.Over(v.about(a.taken()), a.expected.Of)
	}
	return least, largest, "", known
}

// another returns what others may add to a rate beyond their average. They send once in an interval, and once more in a
// window that contains both ends of theirs. The window is shorter than stated by at most half of its resolution.
func (v *Verifier) another(a Answer) float64 {
	return a.expected.More * v.policy.Interval.Seconds() / max(a.Window-resolution/2, resolution/2).Seconds()
}

// finest is half the resolution of a Quantity of the metrics API.
const finest = 0.0005

// about returns when a sample was taken at the earliest and at the latest.
func (v *Verifier) about(taken Span) Span {
	return Span{taken.From.Add(-v.policy.Timeout), taken.To.Add(margin)}
}

func joins(a Answer, b binding) string {
	span := a.counted()
	if b.moved && span.From.Before(b.since.From) {
		return fmt.Sprintf("a rate over the change of the server at %s", b.since.From.Format("15:04:05.000"))
	}
	if lost, ok := b.truth.broken(span); ok && a.expected.Kind == Rate {
		return fmt.Sprintf("a rate over the restart at %s", lost.From.Format("15:04:05.000"))
	}
	return ""
}

func (v *Verifier) blur(a Answer) float64 {
	most := 0.0
	for _, d := range v.faults {
		if d.affects(a.Object) && !d.began.After(a.taken().To) && !d.over(a.taken().From) {
			most = math.Max(most, d.Blurs[a.Metric])
		}
	}
	return most
}
