package verifier

import (
	"fmt"
	"math"
)

func (v *Verifier) compare(a Answer, b binding) (wrong string, known bool) {
	e := a.expected
	least, largest := 0.0, 0.0
	switch e.Kind {
	case Rate:
		if wrong := joins(a, b); wrong != "" {
			return wrong, true
		}
		least, largest, known = b.truth.Within(a.At, a.Window, e.Of)
	case Spanned:
		if joins(a, b) != "" {
			return "", false // of both servers
		}
		least, largest, known = b.truth.Over(v.about(Span{a.At.Add(-a.Window - resolution/2), a.taken().To}), e.Of)
	default:
		least, largest, known = b.truth.Over(v.about(a.taken()), e.Of)
	}
	blur, more := v.blur(a), e.More
	if e.Kind == Rate {
		// Others come once in an interval, and once more in a window that both ends of theirs lie in. The window is shorter
		// than stated by half of what it is rounded to at most.
		more *= 1 + v.policy.Interval.Seconds()/max(a.Window-resolution/2, resolution/2).Seconds()
	}
	switch {
	case !known:
		return "", false
	case a.Value == 0 && least-blur > 0:
		return fmt.Sprintf("a false zero: it was %.6g to %.6g", least, largest), true
	case a.Value < least*(1-e.Share)-blur-finest || a.Value > largest*(1+e.Share)+more+blur+finest:
		return fmt.Sprintf("it was %.6g to %.6g", least, largest), true
	}
	return "", true
}

// finest is half of what a Quantity of the metrics API tells apart.
const finest = 0.0005

// about is when a sample was taken at the earliest and at the latest.
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
