package verifier

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestStandstill forges answers about a second in which this machine stood still.
func TestStandstill(t *testing.T) {
	for name, test := range map[string]struct {
		answer Answer
		says   string
	}{
		"an error without cause":            {failed(Backlog, 6.5, stale), ""},
		"an error long after":               {failed(Backlog, 39.5, stale), "nothing explains it"},
		"an error of an outage, for longer": {failed(Backlog, 24.5, stale), "nothing explains it"},
		"an error for another reason":       {failed(Backlog, 15.5, "the connection was refused"), ""},
		"an error with an address":          {failed(Backlog, 6.5, stale+": dial 127.0.0.1:6379"), "carries an address"},
		"a false zero":                      {value(Backlog, 6.5, 0, 6, 0), "a false zero"},
		"a rate that is wrong":              {value(RequestsPerSecond, 8.5, 200, 8, 5), "it was 296.667 to 303.333"},
		"a sample past maxAge":              {value(Backlog, 7.5, 20, 3, 0), "more than maxAge 3s"},
	} {
		t.Run(name, func(t *testing.T) {
			l := forged()
			l.stood(Span{at(5), at(6)})
			l.Add(test.answer)
			wantFound(t, l, test.says)
			if unsteady := l.Report().Unsteady; (unsteady == 1) != (test.says == "") {
				t.Errorf("%d errors were put down to the standstill", unsteady)
			}
		})
	}
}

// TestExcused forges answers about a second in which this machine stood still, and looks which of them would have proven
// something of a fault.
func TestExcused(t *testing.T) {
	for name, test := range map[string]struct {
		answer  Answer
		excused int
	}{
		"an error before any fault":             {failed(Backlog, 6.5, stale), 0},
		"an error that the fault explains":      {failed(Backlog, 15.5, stale), 0},
		"an error for another reason":           {failed(Backlog, 15.5, "the connection was refused"), 1},
		"an error after all was known again":    {failed(Backlog, 24.5, stale), 1},
		"an error too early":                    {failed(Backlog, 10.5, stale), 1},
		"a true value":                          {value(Backlog, 24.5, 20, 24, 0), 0},
		"a wrong value, which nothing explains": {value(Backlog, 24.5, 0, 24, 0), 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := forged()
			stood := test.answer.Asked.Add(-time.Second)
			l.stood(Span{stood, stood.Add(time.Second / 2)})
			l.Add(test.answer)
			if got := l.Close().Faults["it stands still"].Excused; got != test.excused {
				t.Errorf("%d answers prove nothing of the fault, want %d", got, test.excused)
			}
			if len(l.standstills) != 1 {
				t.Error("the standstill was forgotten")
			}
		})
	}
}

// TestWandering forges a level that the server does not have, in a fault in which a lost connection leads to another one.
func TestWandering(t *testing.T) {
	wrong := value(Backlog, 15.5, 10, 15, 0)
	for name, test := range map[string]struct {
		wanders bool
		stood   Span
		known   bool
	}{
		"this machine stood still within it": {true, Span{at(12), at(12.5)}, false},
		"this machine stood still before it": {true, Span{at(8), at(8.5)}, true},
		"this machine stood still after it":  {true, Span{at(16), at(16.5)}, true},
		"the connection leads nowhere else":  {false, Span{at(12), at(12.5)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := forged()
			l.faults[0].Effect = Effect{Wanders: test.wanders, Within: time.Second}
			l.stood(test.stood)
			l.Add(wrong)
			report := l.Close()
			if report.Violations+report.Unknown != 1 || (report.Violations == 1) != test.known {
				t.Errorf("counted %s", report)
			}
		})
	}
}

// TestWatch looks for a bystander that answers late, and for one that does not answer.
func TestWatch(t *testing.T) {
	for name, test := range map[string]struct {
		takes time.Duration
		err   error
		stood bool
	}{
		"at once":                        {time.Millisecond, nil, false},
		"late":                           {hurried + time.Millisecond, nil, true},
		"a little late, each time":       {slowed/several + time.Millisecond, nil, true},
		"a little late, and less in all": {slowed/several - 5*time.Millisecond, nil, false},
		"not at all":                     {time.Millisecond, context.DeadlineExceeded, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, began := New(testPolicy()), time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				l.Watch(ctx, func(context.Context) error {
					<-time.After(test.takes)
					return test.err
				})
				if got := l.Stood(Span{began, time.Now()}); got != test.stood {
					t.Errorf("stood still: %v", got)
				}
				if l.Stood(Span{began.Add(-time.Minute), began.Add(-time.Millisecond)}) {
					t.Error("stood still before")
				}
			})
		})
	}
}
