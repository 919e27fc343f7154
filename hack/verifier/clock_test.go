package verifier

import (
	"strings"
	"testing"
	"time"
)

// stepped is a verifier of an object whose adapter's clock is off from 10 s to 30 s, by the hour or by two seconds.
func stepped(off time.Duration) *Verifier {
	l := expecting("cart")
	l.Bind("cart", Span{at(-60), at(-60)}, history())
	l.faults = append(l.faults, &FaultWindow{
		Effect: Effect{Levels: Renews, Rates: Renews, Within: 3 * time.Second, Off: off, Settles: true},
		Fault:  "the clock is off", verifier: l,
		began: at(10), lasting: at(10.1), lifted: at(30), repaired: at(30.1),
	})
	return l
}

func TestInstantsOfAClockThatIsOff(t *testing.T) {
	const hour, back = time.Hour, -2 * time.Second
	stated := func(a Answer, off time.Duration) Answer {
		a.At = a.At.Add(off)
		return a
	}
	for name, test := range map[string]struct {
		off    time.Duration
		answer Answer
		says   string // empty where nothing is wrong
	}{
		"a level by the clock that is ahead":     {hour, stated(value(Clock, 20.5, 20300, 20, 0), hour), ""},
		"a rate by the clock that is ahead":      {hour, stated(value(RequestsPerSecond, 20.5, 300, 20, 5), hour), ""},
		"a level by the clock that is behind":    {-hour, stated(value(Clock, 20.5, 20300, 20, 0), -hour), ""},
		"a level by the true clock":              {hour, value(Clock, 20.5, 20300, 20, 0), "no clock"},
		"a level of another instant":             {hour, stated(value(Clock, 20.5, 17000, 20, 0), hour), "it was"},
		"a rate that is wrong":                   {hour, stated(value(RequestsPerSecond, 20.5, 450, 20, 5), hour), "it was"},
		"a sample past maxAge":                   {hour, stated(value(Backlog, 20.5, 20, 15, 0), hour), "more than maxAge 3s"},
		"a sample from before the step":          {back, value(Clock, 11.5, 9300, 9, 0), ""},
		"a sample from after the step":           {back, stated(value(Clock, 11.5, 11300, 11, 0), back), ""},
		"a sample from before it was set right":  {back, stated(value(Clock, 31.5, 29300, 29, 0), back), ""},
		"a sample from after it was set right":   {back, value(Clock, 31.9, 31300, 31, 0), ""},
		"a rate by a wrong length of the window": {back, stated(value(RequestsPerSecond, 20.5, 500, 20, 3), back), "it was"},
		"by the clock from before, long after":   {back, stated(value(Clock, 36.5, 36300, 36, 0), back), "it was"},
		"by the clock from after, long before":   {back, stated(value(Clock, 7.5, 7300, 7, 0), back), "it was"},
		"no level just after the step":           {hour, failed(Backlog, 11, stale), ""},
		"no level long after the step":           {hour, failed(Backlog, 16, stale), "does not explain it"},
		"no rate a window after the step":        {hour, failed(RequestsPerSecond, 17, "a rate needs two samples"), ""},
		"no rate long after the step":            {hour, failed(RequestsPerSecond, 20, "a rate needs two samples"), "does not explain it"},
		"no rate just after it was set right":    {hour, failed(RequestsPerSecond, 31, "a rate needs two samples"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := stepped(test.off)
			l.Add(test.answer)
			wantFound(t, l, test.says)
		})
	}
}

// TestMovedServer forges values of an object whose host name became that of another server within the 20th second.
func TestMovedServer(t *testing.T) {
	moved := func() *Verifier {
		v := expecting("cart")
		before, after := history(), history()
		before.Set(Lag, at(0), at(0.01), 7)
		after.Set(Lag, at(0), at(0.01), 5)
		v.Bind("cart", Span{at(-60), at(-60)}, before)
		v.Move("cart", Span{at(20.1), at(20.2)}, after)
		return v
	}
	wantAllFound(t, moved, map[string]forgery{
		"a level of the server before":         {value(Lag, 19.9, 7, 18, 0), ""},
		"it is served until it is too old":     {value(Lag, 22.5, 7, 19, 0), ""},
		"a level of either about the change":   {value(Lag, 21.5, 5, 20, 0), ""},
		"a level of the server after":          {value(Lag, 22.5, 5, 22, 0), ""},
		"a later level of the server before":   {value(Lag, 22.5, 7, 22, 0), "it was 5 to 5"},
		"an earlier one of the server after":   {value(Lag, 19.9, 5, 18, 0), "it was 7 to 7"},
		"a rate of the server before":          {value(RequestsPerSecond, 19.9, 300, 18, 5), ""},
		"a rate that joins the two":            {value(RequestsPerSecond, 23.5, 300, 23, 5), "a rate over the change of the server"},
		"a rate of the server after the move":  {value(RequestsPerSecond, 23.5, 300, 23, 2), ""},
		"a rate of the server after, for long": {value(RequestsPerSecond, 29.5, 300, 29, 5), ""},
	})
}

func wantFound(t *testing.T, l *Verifier, says string) {
	t.Helper()
	report := l.Close()
	switch {
	case says == "" && report.Violations > 0:
		t.Errorf("found to be wrong: %s", report.Wrong)
	case says != "" && (report.Violations != 1 || !strings.Contains(report.Wrong[0], says)):
		t.Errorf("found %d violations %q, want one that says %q", report.Violations, report.Wrong, says)
	case report.Unknown > 0:
		t.Error("it was not compared with the truth")
	}
}
