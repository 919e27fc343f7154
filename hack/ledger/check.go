package ledger

import (
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// check holds one answer against what is known, and counts it.
func (l *Ledger) check(a Answer) {
	a.expected = l.expected(a)
	var due []*Disturbance
	for _, d := range l.disturbances {
		if d.touches(a) {
			due = append(due, d)
		}
	}
	found, wrong := l.judge(a, due)
	if found == violated {
		fault, text := "", describe(a)+": "+wrong
		if len(due) > 0 {
			fault = due[len(due)-1].Fault
			text += fmt.Sprintf(" [while %q]", fault)
		}
		l.tally.violate(fault, question(a.Metric, a.Selector), text)
	}
	l.tally.count(a, due, found)
	if found != violated && l.excused(a, due) {
		l.tally.excuse(l.provenBy(a, due))
	}
}

// provenBy returns the disturbances that an answer would have proven something about: those that it may be due to, or the
// last one before it, after which all is known again.
func (l *Ledger) provenBy(a Answer, due []*Disturbance) []*Disturbance {
	for n := len(l.disturbances) - 1; n >= 0 && len(due) == 0; n-- {
		if d := l.disturbances[n]; d.befalls(a.Object) && d.began.Before(a.Answered) {
			return []*Disturbance{d}
		}
	}
	return due
}

// excused reports whether an answer would be a violation had this machine not stood still.
func (l *Ledger) excused(a Answer, due []*Disturbance) bool {
	if len(l.standstills) == 0 {
		return false
	}
	all := l.standstills
	defer func() { l.standstills = all }()
	l.standstills = nil
	found, _ := l.judge(a, due)
	return found == violated
}

// expected is what the answer to a question has to be.
func (l *Ledger) expected(a Answer) Expectation {
	if e, ok := l.expectations[a.Object][question(a.Metric, a.Selector)]; ok {
		return e
	}
	return Expectation{Metric: a.Metric, Selector: a.Selector, Kind: Refused, Refusal: "nothing is known of this question"}
}

// judge says what an answer is, and what is wrong about it.
func (l *Ledger) judge(a Answer, due []*Disturbance) (found verdict, wrong string) {
	known := true
	switch {
	case a.Err != nil && leaks(a):
		return violated, "it carries an address"
	case a.expected.Calm && (len(due) > 0 || l.unsteady(a, due)):
		return unknown, ""
	case a.Err != nil:
		wrong = l.wrongError(a, due)
	case a.expected.Kind == Refused:
		return violated, "it had to be an error"
	default:
		wrong, known = l.wrongReadings(a, due)
	}
	switch {
	case wrong != "" && a.Err != nil && l.unsteady(a, due):
		return unsteady, ""
	case wrong != "":
		return violated, wrong
	case !known:
		return unknown, ""
	}
	return explained, ""
}

func describe(a Answer) string {
	asked, what := a.Asked.Format("15:04:05.000"), question(a.Metric, a.Selector)
	if a.Err != nil {
		return fmt.Sprintf("%s of %s, asked at %s, is the error %q", what, a.Object, asked, a.Err)
	}
	return fmt.Sprintf("%s of %s, asked at %s, is %v at %s over %s", what, a.Object, asked, a.Value, a.At.Format(time.TimeOnly), a.Window)
}

// wrongError says what is wrong about an error, empty if it is explained.
func (l *Ledger) wrongError(a Answer, due []*Disturbance) string {
	if a.refused() {
		return ""
	}
	var explaining []*Disturbance
	for _, d := range due {
		if l.explains(d, a) {
			explaining = append(explaining, d)
		}
	}
	switch {
	case len(explaining) == 0 && len(due) == 0:
		return "nothing explains it"
	case len(explaining) == 0:
		return fmt.Sprintf("the fault %q does not explain it", due[len(due)-1].Fault)
	case len(explaining) == 1 && !l.gives(explaining[0], a):
		return fmt.Sprintf("it gives none of the reasons of the fault %q: %q", explaining[0].Fault, explaining[0].Reasons)
	}
	return ""
}

// refused reports whether an error is one that there may be. Of what is always an error any reason will do, since a fault may
// be the one that is told; and a list tells none.
func (a Answer) refused() bool {
	e := a.expected
	switch {
	case e.Kind == Refused:
		return apierrors.IsNotFound(a.Err) || errors.Is(a.Err, errLeftOut)
	case e.Refusal == "":
		return false
	}
	return errors.Is(a.Err, errLeftOut) || strings.Contains(a.Err.Error(), e.Refusal)
}

// leaks reports whether an error of the adapter carries an address. Those of the API server and of the way to it may.
func leaks(a Answer) bool {
	text := a.Err.Error()
	return apierrors.IsNotFound(a.Err) && (strings.Contains(text, "127.0.0.1") || strings.Contains(text, "localhost"))
}

// explains reports whether an error may be due to a disturbance that touches it.
func (l *Ledger) explains(d *Disturbance, a Answer) bool {
	switch d.on(a) {
	case Renews, Refuses:
		return !d.settled(a)
	case Holds:
		// The newest sample may be as old as an interval and what the next attempt took.
		oldest := l.policy.MaxAge - l.policy.Interval - l.policy.Timeout - margin
		return a.Answered.After(d.began.Add(oldest))
	}
	return false
}

// gives reports whether an error has one of the reasons of the disturbance that it must be due to.
func (l *Ledger) gives(d *Disturbance, a Answer) bool {
	late := l.policy.MaxAge + l.policy.Timeout
	if d.on(a) == Refuses {
		late = l.refusing()
	}
	if len(d.Reasons) == 0 || errors.Is(a.Err, errLeftOut) || d.on(a) == Renews || !d.covers(Span{a.Asked, a.Answered}, late) {
		return true
	}
	for _, reason := range d.Reasons {
		if strings.Contains(a.Err.Error(), reason) {
			return true
		}
	}
	return false
}

// wrongReadings says what is wrong about a value whichever clock it was stated by, empty if one of them explains it.
func (l *Ledger) wrongReadings(a Answer, due []*Disturbance) (wrong string, known bool) {
	wrong, known = "the adapter had no clock by which it was that instant", true
	for _, reading := range l.readings(a) {
		if wrong, known = l.wrongValue(reading, due); wrong == "" {
			break
		}
	}
	return wrong, known
}

// readings are what an answer may mean by the instant that it states: that instant, or another one by a clock that was
// off. One that the adapter cannot have meant, since its clock was off then or was not, is left out: both are left
// about the steps alone.
func (l *Ledger) readings(a Answer) []Answer {
	right, all := true, []Answer(nil)
	for _, d := range l.disturbances {
		if d.Off == 0 || !d.befalls(a.Object) {
			continue
		}
		right = right && !d.covers(a.taken(), 0)
		shifted := a
		shifted.At = a.At.Add(-d.Off)
		if d.meets(shifted.taken()) {
			all = append(all, shifted)
		}
	}
	if right {
		all = append([]Answer{a}, all...)
	}
	return all
}

// wrongValue says what is wrong about a value, empty if it is explained, and whether the truth about it is known.
func (l *Ledger) wrongValue(a Answer, due []*Disturbance) (wrong string, known bool) {
	taken := a.taken()
	if age := a.Asked.Sub(taken.To); age > l.policy.MaxAge+margin {
		return fmt.Sprintf("the sample was %s old at least, more than maxAge %s", age.Round(time.Millisecond), l.policy.MaxAge), true
	}
	if taken.From.After(a.Answered.Add(margin)) {
		return "it is from the future", true
	}
	for _, d := range due {
		if wrong := l.forbids(d, a); wrong != "" {
			return wrong, true
		}
	}
	return l.wrongTruth(a)
}

// forbids says why a value cannot be while a disturbance lasts.
func (l *Ledger) forbids(d *Disturbance, a Answer) string {
	switch d.on(a) {
	case Holds:
		taken := a.taken()
		taken.To = taken.To.Add(l.policy.Timeout) // the instant is that of the first of several servers' answers
		if d.covers(taken, l.policy.Timeout+margin) {
			return fmt.Sprintf("the sample was taken while the fault %q lasted", d.Fault)
		}
	case Refuses:
		if d.covers(Span{a.Asked, a.Answered}, l.refusing()+l.lost(Span{d.began, a.Answered})) {
			return fmt.Sprintf("it was served while the fault %q lasted", d.Fault)
		}
	}
	return ""
}

// refusing is after how long at the latest a fault that makes a metric an error at once has done so.
func (l *Ledger) refusing() time.Duration {
	return l.policy.Interval + l.policy.Timeout + announcing
}

// wrongTruth holds a value against the servers that the object may have named when the sample was taken.
func (l *Ledger) wrongTruth(a Answer) (wrong string, known bool) {
	all := l.bindings[a.Object]
	if len(all) == 0 {
		return "there is no such object", true
	}
	if last := all[len(all)-1]; !last.moved && a.Asked.After(l.announced(a.Object, last)) && a.At.Add(resolution+margin).Before(last.since.From) {
		return "the sample is older than the object, or than its last change", true
	}
	candidates := l.current(a.Object, a.taken())
	if len(candidates) == 0 {
		return "the object did not exist when the sample was taken", true
	}
	for _, b := range candidates {
		if b.truth == nil {
			continue
		}
		this, ok := l.compare(a, b)
		if this == "" {
			return "", ok
		}
		wrong = this
	}
	if l.wandered(a) {
		return "", false
	}
	if wrong == "" {
		wrong = "the object was deleted when the sample was taken"
	}
	return wrong, true
}
