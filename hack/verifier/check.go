package verifier

import (
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func (v *Verifier) check(a Answer) {
	a.expected = v.expected(a)
	var due []*FaultWindow
	for _, d := range v.faults {
		if d.touches(a) {
			due = append(due, d)
		}
	}
	found, wrong := v.judge(a, due)
	if found == explained && a.Err == nil {
		if wrong = v.wrongBeside(a, len(due) == 0); wrong != "" {
			found = violated
		}
	}
	if found == violated {
		fault, text := "", describe(a)+": "+wrong
		if len(due) > 0 {
			fault = due[len(due)-1].Fault
			text += fmt.Sprintf(" [while %q]", fault)
		}
		v.report.violate(fault, question(a.Metric, a.Selector), text)
	}
	v.report.count(a, due, found)
	if found != violated && v.excused(a, due) {
		v.report.excuse(v.provenBy(a, due))
	}
}

// provenBy returns the fault windows about which an answer proves something: those to which it may be due, or the last
// one before it, after which all is known again.
func (v *Verifier) provenBy(a Answer, due []*FaultWindow) []*FaultWindow {
	for n := len(v.faults) - 1; n >= 0 && len(due) == 0; n-- {
		if d := v.faults[n]; d.affects(a.Object) && d.began.Before(a.Answered) {
			return []*FaultWindow{d}
		}
	}
	return due
}

// excused reports whether an answer would be a violation if this machine had not stood
// still.
func (v *Verifier) excused(a Answer, due []*FaultWindow) bool {
	if len(v.standstills) == 0 {
		return false
	}
	all := v.standstills
	defer func() { v.standstills = all }()
	v.standstills = nil
	found, _ := v.judge(a, due)
	return found == violated
}

func (v *Verifier) expected(a Answer) Expectation {
	if e, ok := v.expectations[a.Object][question(a.Metric, a.Selector)]; ok {
		return e
	}
	return Expectation{Metric: a.Metric, Selector: a.Selector, Kind: Refused, Refusal: "nothing is known of this question"}
}

func (v *Verifier) judge(a Answer, due []*FaultWindow) (found verdict, wrong string) {
	known := true
	switch {
	case a.Err != nil && a.Replica != "" && !leaks(a):
		return unknown, "" // whether there has to be a value, the answers that the API server routes prove
	case a.Err != nil && leaks(a):
		return violated, "it carries an address"
	case a.expected.Calm && (len(due) > 0 || v.unsteady(a, due)):
		return unknown, ""
	case a.Err != nil:
		wrong = v.wrongError(a, due)
	case a.expected.Kind == Refused:
		return violated, "it had to be an error"
	default:
		wrong, known = v.wrongReadings(a, due)
	}
	switch {
	case wrong != "" && a.Err != nil && v.unsteady(a, due):
		return unsteady, ""
	case wrong != "":
		return violated, wrong
	case !known:
		return unknown, ""
	}
	return explained, ""
}

func describe(a Answer) string {
	asked := a.Asked.Format("15:04:05.000")
	if a.Replica != "" {
		asked += " of " + a.Replica
	}
	what := fmt.Sprintf("%s of %s, asked at %s,", question(a.Metric, a.Selector), a.Object, asked)
	if a.Err != nil {
		return fmt.Sprintf("%s is the error %q", what, a.Err)
	}
	return fmt.Sprintf("%s is %v at %s over %s", what, a.Value, a.At.Format(time.TimeOnly), a.Window)
}

func (v *Verifier) wrongError(a Answer, due []*FaultWindow) string {
	if a.refused() {
		return ""
	}
	var explaining []*FaultWindow
	for _, d := range due {
		if v.explains(d, a) {
			explaining = append(explaining, d)
		}
	}
	switch {
	case len(explaining) == 0 && len(due) == 0:
		return "nothing explains it"
	case len(explaining) == 0:
		return fmt.Sprintf("the fault %q does not explain it", due[len(due)-1].Fault)
	case len(explaining) == 1 && !v.gives(explaining[0], a):
		return fmt.Sprintf("it gives none of the reasons of the fault %q: %q", explaining[0].Fault, explaining[0].Reasons)
	}
	return ""
}

// refused reports whether an error is allowed. If the metric is always an error, any reason will do, because a fault
// may be the reason, and a list gives none.
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

// leaks reports whether an error of the adapter contains an address. Errors of the API server and of the network may.
func leaks(a Answer) bool {
	text := a.Err.Error()
	return apierrors.IsNotFound(a.Err) && (strings.Contains(text, "127.0.0.1") || strings.Contains(text, "localhost"))
}

func (v *Verifier) explains(d *FaultWindow, a Answer) bool {
	switch d.on(a) {
	case Renews, Refuses, Permits:
		return !d.settled(a)
	case Holds:
		// The newest sample may be as old as an interval plus the duration of the next
		// attempt.
		oldest := v.policy.MaxAge - v.policy.Interval - v.policy.Timeout - margin
		return a.Answered.After(d.began.Add(oldest))
	}
	return false
}

func (v *Verifier) gives(d *FaultWindow, a Answer) bool {
	late := v.policy.MaxAge + v.policy.Timeout
	if d.on(a) == Refuses {
		late = v.refusing()
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

// wrongReadings says what is wrong about a value by either clock that may have stated it, empty if one explains it.
func (v *Verifier) wrongReadings(a Answer, due []*FaultWindow) (wrong string, known bool) {
	wrong, known = "the adapter had no clock by which it was that instant", true
	for _, reading := range v.readings(a) {
		if wrong, known = v.wrongValue(reading, due); wrong == "" {
			break
		}
	}
	return wrong, known
}

// readings returns what an answer may mean by its instant: that instant, or another one by a clock that was off. It
// leaves out a reading that contradicts whether the clock was off at that time. Only around steps are there two.
func (v *Verifier) readings(a Answer) []Answer {
	right, all := true, []Answer(nil)
	for _, d := range v.faults {
		if d.Off == 0 || !d.affects(a.Object) || !d.reaches(a.Replica) {
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

// wrongValue says what is wrong about a value, empty if it is explained, and reports whether its true value is
// known.
func (v *Verifier) wrongValue(a Answer, due []*FaultWindow) (wrong string, known bool) {
	taken := a.taken()
	if age := a.Asked.Sub(taken.To); age > v.policy.MaxAge+margin {
		return fmt.Sprintf("the sample was %s old at least, more than maxAge %s", age.Round(time.Millisecond), v.policy.MaxAge), true
	}
	if taken.From.After(a.Answered.Add(margin)) {
		return "it is from the future", true
	}
	for _, d := range due {
		if !d.reaches(a.Replica) {
			continue
		}
		if wrong := v.forbids(d, a); wrong != "" {
			return wrong, true
		}
	}
	return v.wrongTruth(a)
}

func (v *Verifier) forbids(d *FaultWindow, a Answer) string {
	switch d.on(a) {
	case Holds:
		taken := a.taken()
		taken.To = taken.To.Add(v.policy.Timeout) // the instant is that of the first of several servers' answers
		if d.covers(taken, v.policy.Timeout+margin) {
			return fmt.Sprintf("the sample was taken while the fault %q lasted", d.Fault)
		}
	case Refuses:
		if d.Routed && a.Replica != "" {
			break
		}
		if d.covers(Span{a.Asked, a.Answered}, v.refusing()+v.lost(Span{d.began, a.Answered})) {
			return fmt.Sprintf("it was served while the fault %q lasted", d.Fault)
		}
	}
	return ""
}

// refusing returns within what time a fault that makes a metric an error at once has done so.
func (v *Verifier) refusing() time.Duration {
	return v.policy.Interval + v.policy.Timeout + announcing
}

func (v *Verifier) wrongTruth(a Answer) (wrong string, known bool) {
	if len(v.bindings[a.Object]) == 0 {
		return "there is no such object", true
	}
	if wrong := v.wrongSpec(a); wrong != "" {
		return wrong, true
	}
	candidates := v.current(a.Object, a.Replica, a.taken(), a.Asked)
	if len(candidates) == 0 {
		return "the object did not exist when the sample was taken", true
	}
	for _, b := range candidates {
		if b.truth == nil {
			continue
		}
		this, ok := v.compare(a, b)
		if this == "" {
			return "", ok
		}
		wrong = this
	}
	if v.wandered(a) {
		return "", false
	}
	if wrong == "" {
		wrong = "the object was deleted when the sample was taken"
	}
	return wrong, true
}

// wrongSpec says that a value belongs to a spec that the replica must have known to be outdated when it was asked, or
// to a deleted object, empty if it does not.
func (v *Verifier) wrongSpec(a Answer) string {
	all := v.bindings[a.Object]
	for n := len(all) - 1; n >= 0; n-- {
		b := all[n]
		if !a.Asked.After(v.announced(a.Object, a.Replica, b)) {
			continue
		}
		again := n+1 < len(all) && !all[n+1].since.From.After(a.Answered)
		switch {
		case b.moved:
		case b.truth == nil && !again:
			return fmt.Sprintf("the object was deleted, or named no server, %s before it was asked for", a.Asked.Sub(b.since.To).Round(time.Millisecond))
		case a.At.Add(resolution + margin).Before(b.since.From):
			return "the sample is older than the object, or than its last change"
		}
		break
	}
	return ""
}
