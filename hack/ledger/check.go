package ledger

import (
	"fmt"
	"math"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const (
	// grantedShare and grantedRequests are by how much a rate may be off: see the package's documentation.
	grantedShare    = 0.1
	grantedRequests = 10.0
)

// check holds one answer against what is known, and counts it.
func (l *Ledger) check(a Answer) {
	var due []*Disturbance
	for _, d := range l.disturbances {
		if d.touches(a) {
			due = append(due, d)
		}
	}
	wrong, known := "", true
	if a.Err != nil {
		wrong = l.wrongError(a, due)
	} else {
		wrong, known = l.wrongReadings(a, due)
	}
	found := explained
	switch {
	case wrong != "" && a.Err != nil && !leaks(a) && l.unsteady(a, due):
		found = unsteady
	case wrong != "":
		found = violated
		fault, text := "", describe(a)+": "+wrong
		if len(due) > 0 {
			fault = due[len(due)-1].Fault
			text += fmt.Sprintf(" [while %q]", fault)
		}
		l.tally.violate(fault, text)
	case !known:
		found = unknown
	}
	l.tally.count(a, due, found)
}

func describe(a Answer) string {
	asked := a.Asked.Format("15:04:05.000")
	if a.Err != nil {
		return fmt.Sprintf("%s of %s, asked at %s, is the error %q", a.Metric, a.Object, asked, a.Err)
	}
	return fmt.Sprintf("%s of %s, asked at %s, is %v at %s over %s", a.Metric, a.Object, asked, a.Value, a.At.Format(time.TimeOnly), a.Window)
}

// wrongError says what is wrong about an error, empty if it is explained.
func (l *Ledger) wrongError(a Answer, due []*Disturbance) string {
	if leaks(a) {
		return "it carries an address"
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

// leaks tells whether an error of the adapter carries an address. Those of the API server and of the way to it may.
func leaks(a Answer) bool {
	text := a.Err.Error()
	return apierrors.IsNotFound(a.Err) && (strings.Contains(text, "127.0.0.1") || strings.Contains(text, "localhost"))
}

// explains tells whether an error may be due to a disturbance that touches it.
func (l *Ledger) explains(d *Disturbance, a Answer) bool {
	switch d.on(a.Metric) {
	case Renews, Refuses:
		return !d.settled(a)
	case Holds:
		// The newest sample may be as old as an interval and what the next attempt took.
		oldest := l.policy.MaxAge - l.policy.Interval - l.policy.Timeout - margin
		return a.Answered.After(d.began.Add(oldest))
	}
	return false
}

// gives tells whether an error has one of the reasons of the disturbance that it must be due to.
func (l *Ledger) gives(d *Disturbance, a Answer) bool {
	late := l.policy.MaxAge + l.policy.Timeout
	if d.on(a.Metric) == Refuses {
		late = l.refusing()
	}
	if len(d.Reasons) == 0 || d.on(a.Metric) == Renews || !d.covers(Span{a.Asked, a.Answered}, late) {
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
// off. One that the adapter cannot have meant, since its clock was off then or was not, is none of them: both are left
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
	switch d.on(a.Metric) {
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

func (l *Ledger) compare(a Answer, b binding) (wrong string, known bool) {
	if isRate(a.Metric) {
		if span := a.counted(); b.moved && span.From.Before(b.since.From) {
			return fmt.Sprintf("a rate over the change of the server at %s", b.since.From.Format("15:04:05.000")), true
		}
		return compareRate(a, b.truth)
	}
	taken := a.taken()
	least, largest, known := b.truth.Level(a.Metric, taken.From.Add(-l.policy.Timeout), taken.To.Add(margin))
	if !known {
		return "", false
	}
	if a.Value == 0 && least > 0 {
		return fmt.Sprintf("a false zero: it was %v to %v", least, largest), true
	}
	blur := l.blur(a)
	if a.Value < least-blur || a.Value > largest+blur {
		return fmt.Sprintf("it was %v to %v", least, largest), true
	}
	return "", true
}

// blur is how far off a value may be while keys move.
func (l *Ledger) blur(a Answer) float64 {
	most := 0.0
	for _, d := range l.disturbances {
		if d.befalls(a.Object) && !d.began.After(a.taken().To) && !d.over(a.taken().From) {
			most = math.Max(most, d.Blurs[a.Metric])
		}
	}
	return most
}

func compareRate(a Answer, truth *Truth) (wrong string, known bool) {
	if b, ok := truth.broken(a.counted()); ok {
		return fmt.Sprintf("a rate over the restart at %s", b.From.Format("15:04:05.000")), true
	}
	lowest, highest, known := truth.Rates(a.At, a.Window)
	switch {
	case !known:
		return "", false
	case a.Value == 0 && lowest > 0:
		return fmt.Sprintf("a false zero: %.0f to %.0f requests/s were sent", lowest, highest), true
	case a.Value < lowest*(1-grantedShare)-grantedRequests || a.Value > highest*(1+grantedShare)+grantedRequests:
		return fmt.Sprintf("%.0f to %.0f requests/s were sent", lowest, highest), true
	}
	return "", true
}
