package verifier

import (
	"fmt"
	"math"
	"time"
)

// statement is a value that a replica of the adapter stated, during a fault or not.
type statement struct {
	Answer
	calm bool
}

// wrongBeside says what is wrong about a value compared with those that the replicas of the adapter stated before,
// empty if nothing is. Only an answer of a replica that was asked directly identifies its replica.
func (v *Verifier) wrongBeside(a Answer, calm bool) string {
	if a.Replica == "" {
		return ""
	}
	about := a.Object + " " + question(a.Metric, a.Selector)
	all := v.stated[about]
	if all == nil {
		all = map[string]statement{}
		v.stated[about] = all
	}
	if last, ok := all[a.Replica]; ok && last.At.After(a.At) && !v.setBack(last.Answer, a) {
		if a.Asked.After(last.Answered) {
			return fmt.Sprintf("its instant is before %s, which %s stated at %s", last.At.Format(time.TimeOnly), a.Replica, last.Answered.Format("15:04:05.000"))
		}
		return "" // the two were under way at once
	}
	all[a.Replica] = statement{a, calm}
	if !calm {
		return ""
	}
	for replica, other := range all {
		if replica != a.Replica && other.calm && a.Asked.Sub(other.Answered) < v.policy.Interval {
			if wrong := v.differ(a, other.Answer); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

// setBack reports whether the clock of a replica may have been set between two answers.
func (v *Verifier) setBack(since, until Answer) bool {
	for _, d := range v.faults {
		if d.Off != 0 && d.affects(until.Object) && d.reaches(until.Replica) && d.meets(Span{since.Asked.Add(-v.policy.reach()), until.Answered}) {
			return true
		}
	}
	return false
}

// differ says that two replicas differ by more than their windows explain. Each allowance is granted once: the servers
// count what others send, and both replicas read the same count. They differ by what they send themselves, because each
// leaves out its own: after a failed attempt, a replica holds back some of it for minutes. No fault has an effect on
// either value.
func (v *Verifier) differ(a, b Answer) string {
	taken := a.taken()
	if other := b.taken(); other.From.Before(taken.From) {
		taken.From = other.From
	} else {
		taken.To = other.To
	}
	current := v.current(a.Object, "", taken, b.Asked)
	if len(current) != 1 || current[0].truth == nil || v.unsteady(a, nil) || v.unsteady(b, nil) {
		return ""
	}
	least, largest, wrong, known := v.bounds(a, current[0])
	least2, largest2, wrong2, known2 := v.bounds(b, current[0])
	if !known || !known2 || wrong != "" || wrong2 != "" {
		return ""
	}
	v.report.Pairs++
	least, largest = min(least, least2), max(largest, largest2)
	more := a.expected.More
	if a.expected.Kind == Rate {
		more += max(v.another(a), v.another(b))
	}
	granted := largest - least + a.expected.Share*largest + more + v.blur(a) + 2*finest
	if math.Abs(a.Value-b.Value) <= granted {
		return ""
	}
	return fmt.Sprintf("%s stated %v at %s over %s: they may differ by %.6g", b.Replica, b.Value, b.At.Format(time.TimeOnly), b.Window, granted)
}
