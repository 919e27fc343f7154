package verifier

import (
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// start is when the forged history begins. It is a whole second, as the API states instants.
func start() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }

func at(seconds float64) time.Time {
	return start().Add(time.Duration(seconds * float64(time.Second)))
}

func testPolicy() Policy {
	return Policy{Interval: time.Second, Timeout: 500 * time.Millisecond, Window: 5 * time.Second, MaxAge: 3 * time.Second}
}

// history is a minute of a server that is asked for 300 requests/s, a third of them at each of three shards. Its
// backlog is 20 at first and 30 after half a minute; its clock tells milliseconds. It restarts within the 40th second.
func history() *Truth {
	t := &Truth{}
	t.Set(Backlog, at(0), at(0.01), 20)
	for n := range 1200 {
		sent := at(0.05 * float64(n))
		acked := sent.Add(5 * time.Millisecond)
		t.Executed(sent, acked, Events{Requests: 15})
		t.Set(Clock, sent, acked, float64(n*50))
		if n == 600 {
			t.Set(Backlog, sent, acked, 30)
		}
	}
	t.Break(Span{at(40.2), at(40.4)})
	return t
}

func expecting(objects ...string) *Verifier {
	l := New(testPolicy())
	for _, object := range objects {
		l.Expect(object, Expectations(Standalone, "", 1, func(string) bool { return true }))
	}
	return l
}

// forged is a verifier with an object since the beginning, one that was made again at 20 s, and a fault from 10 s to 20 s
// that makes the object unknown.
func forged() *Verifier {
	l := expecting("cart", "anew", "gone", "none")
	l.Bind("cart", Span{at(-60), at(-60)}, history())
	l.Bind("anew", Span{at(-60), at(-60)}, history())
	l.Bind("anew", Span{at(20), at(20.1)}, history())
	l.Bind("gone", Span{at(-60), at(-60)}, history())
	l.Bind("gone", Span{at(20), at(20.1)}, nil)
	add := func(fault string, effect Effect, object string) {
		effect.Within = 3 * time.Second
		l.faults = append(l.faults, &FaultWindow{
			Effect: effect, Fault: fault, Objects: []string{object}, verifier: l,
			began: at(10), lasting: at(10.1), lifted: at(20), repaired: at(20.1),
		})
	}
	add("it stands still", Effect{Levels: Holds, Rates: Holds, Reasons: []string{"did not answer"}}, "cart")
	add("it is edited", Effect{Levels: Renews, Rates: Renews}, "anew")
	return l
}

func value(metric string, asked float64, v, taken float64, window time.Duration) Answer {
	return Answer{
		Object: "cart", Metric: metric, Asked: at(asked), Answered: at(asked + 0.01),
		Value: v, At: at(taken), Window: window * time.Second,
	}
}

func failed(metric string, asked float64, text string) Answer {
	err := &apierrors.StatusError{ErrStatus: metav1.Status{Reason: metav1.StatusReasonNotFound, Message: text}}
	return Answer{Object: "cart", Metric: metric, Asked: at(asked), Answered: at(asked + 0.01), Err: err}
}

func of(object string, a Answer) Answer {
	a.Object = object
	return a
}

const stale = "the newest sample is 4s old, more than maxAge 3s; the last attempt failed: the server did not answer"

// forgery is an answer, and what has to be found wrong about it: nothing if says is empty.
type forgery struct {
	answer Answer
	says   string
}

func wantAllFound(t *testing.T, newVerifier func() *Verifier, forgeries map[string]forgery) {
	t.Helper()
	for name, test := range forgeries {
		t.Run(name, func(t *testing.T) {
			v := newVerifier()
			v.Add(test.answer)
			wantFound(t, v, test.says)
		})
	}
}

func TestForgedAnswersAreFound(t *testing.T) {
	wantAllFound(t, forged, map[string]forgery{
		"a true level":                          {value(Backlog, 6.5, 20, 6, 0), ""},
		"a true clock":                          {value(Clock, 6.5, 6300, 6, 0), ""},
		"a true rate":                           {value(RequestsPerSecond, 8.5, 300, 8, 5), ""},
		"a level in the second of its change":   {value(Backlog, 31.2, 20, 30, 0), ""},
		"a false zero":                          {value(Backlog, 6.5, 0, 6, 0), "a false zero"},
		"a false zero of a rate":                {value(RequestsPerSecond, 8.5, 0, 8, 5), "a false zero"},
		"a sum with a shard missing":            {value(RequestsPerSecond, 8.5, 200, 8, 5), "it was 296.667 to 303.333"},
		"twice the requests":                    {value(RequestsPerSecond, 8.5, 600, 8, 5), "it was 296.667 to 303.333"},
		"a level from before its change":        {value(Backlog, 35.5, 20, 35, 0), "it was 30 to 30"},
		"an old sample that says it is new":     {value(Clock, 35.5, 32000, 35, 0), "it was"},
		"a sample past maxAge":                  {value(Backlog, 30.5, 20, 25, 0), "more than maxAge 3s"},
		"a sample of maxAge":                    {value(Backlog, 28.9, 20, 25, 0), ""},
		"a sample from the future":              {value(Backlog, 25, 20, 27, 0), "from the future"},
		"a sample from within an outage":        {value(Backlog, 16.5, 20, 15, 0), "taken while the fault"},
		"a sample from the end of an outage":    {value(Backlog, 19.5, 20, 18, 0), "taken while the fault"},
		"its last answer is after an outage":    {value(Backlog, 20.3, 20, 18.9, 0), ""},
		"what was known before an outage":       {value(Backlog, 12.5, 20, 9, 0), ""},
		"a rate over a restart":                 {value(RequestsPerSecond, 42.5, 300, 42, 5), "a rate over the restart"},
		"a rate that begins after a restart":    {value(RequestsPerSecond, 43.5, 300, 43, 2), ""},
		"a sample older than the object":        {of("anew", value(Backlog, 21.5, 20, 18, 0)), "older than the object"},
		"a sample of the object that was there": {of("anew", value(Backlog, 20.5, 20, 18, 0)), ""},
		"a value of a deleted object":           {of("gone", value(Backlog, 23.5, 20, 22, 0)), "deleted"},
		"a value of no object":                  {of("none", value(Backlog, 6.5, 20, 6, 0)), "no such object"},
		"an error without cause":                {failed(Backlog, 6.5, stale), "nothing explains it"},
		"an error in an outage":                 {failed(Backlog, 15.5, stale), ""},
		"an error too early in an outage":       {failed(Backlog, 10.5, stale), "does not explain it"},
		"an error for another reason":           {failed(Backlog, 15.5, "the connection was refused"), "none of the reasons"},
		"an error long after an outage":         {failed(Backlog, 24.5, stale), "nothing explains it"},
		"an error soon after an outage":         {failed(RequestsPerSecond, 21.5, "a rate needs two samples"), ""},
		"a rate over a failed attempt":          {failed(RequestsPerSecond, 27.5, "an attempt to sample failed within the window"), ""},
		"no rate long after an outage":          {failed(RequestsPerSecond, 29, "a rate needs two samples"), "nothing explains it"},
		"an error with an address":              {failed(Backlog, 15.5, stale+": dial 127.0.0.1:6379"), "carries an address"},
	})
}

func TestRefusedWhileItLasts(t *testing.T) {
	l := forged()
	l.faults[0].Except = map[string]Behaviour{Lag: Refuses}
	l.bindings["cart"][0].truth.Set(Lag, at(0), at(0.01), 5)
	l.Add(value(Lag, 12, 5, 10, 0))
	if report := l.Report(); report.Violations > 0 {
		t.Errorf("served until the next sample: %s", report.Wrong)
	}
	l.Add(value(Lag, 15.5, 5, 15, 0))
	if report := l.Close(); report.Violations != 1 || !strings.Contains(report.Wrong[0], "served while the fault") {
		t.Errorf("found %q", report.Wrong)
	}
}

func TestUnheardOfChange(t *testing.T) {
	l := forged()
	before, after := l.bindings["anew"][1].truth, &Truth{}
	after.Set(Lag, at(0), at(0.01), 5)
	before.Set(Lag, at(0), at(0.01), 7)
	l.Bind("anew", Span{at(19), at(19.5)}, after)
	l.faults[1].Cut = true // it is over at 23.1 s
	l.Add(of("anew", value(Lag, 22.9, 7, 22, 0)))
	if report := l.Report(); report.Violations > 0 {
		t.Errorf("served while nobody could have told: %s", report.Wrong)
	}
	l.Add(of("anew", value(Lag, 25.5, 7, 25, 0)))
	if report := l.Close(); report.Violations != 1 || !strings.Contains(report.Wrong[0], "it was 5 to 5") {
		t.Errorf("found %q", report.Wrong)
	}
}

func TestTallyCounts(t *testing.T) {
	l := forged()
	l.Add(value(Backlog, 6.5, 20, 6, 0))
	l.Add(value(RequestsPerSecond, 90, 300, 89, 5)) // nothing is known of that time
	l.Add(value(Backlog, 12.5, 20, 9, 0))
	l.Add(failed(Backlog, 15.5, stale))
	report := l.Close()
	if report.Checked != 2 || report.Unknown != 1 || report.Explained != 1 || report.Violations != 0 {
		t.Errorf("counted %s", report)
	}
	if got := report.Faults["it stands still"]; got != (Counts{Values: 1, Errors: 1}) {
		t.Errorf("under the fault %+v", got)
	}
}
