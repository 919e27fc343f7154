package verifier

import (
	"strings"
	"testing"
	"time"
)

// by is an answer of a replica that was asked itself.
func by(replica string, a Answer) Answer {
	a.Replica = replica
	return a
}

// TestReplicasAreHeldToWhatTheyStated forges histories of answers, each of which is true by itself.
func TestReplicasAreHeldToWhatTheyStated(t *testing.T) {
	const a, b = "adapter-0", "adapter-1"
	rate := func(asked, v, taken float64) Answer { return value(RequestsPerSecond, asked, v, taken, 5) }
	overlapping := by(a, value(Backlog, 8.5, 20, 7, 0))
	overlapping.Asked = at(8.3)
	failing := failed(Backlog, 20.3, stale)
	for name, test := range map[string]struct {
		history []Answer
		says    string
	}{
		"instants that go on":                   {[]Answer{by(a, value(Backlog, 8.5, 20, 8, 0)), by(a, value(Backlog, 9.5, 20, 9, 0))}, ""},
		"the same instant again":                {[]Answer{by(a, value(Backlog, 8.5, 20, 8, 0)), by(a, value(Backlog, 8.9, 20, 8, 0))}, ""},
		"an instant that goes back":             {[]Answer{by(a, value(Backlog, 8.5, 20, 8, 0)), by(a, value(Backlog, 8.9, 20, 7, 0))}, "its instant is before 12:00:08"},
		"one that goes back after an error":     {[]Answer{by(a, value(Backlog, 20.2, 20, 19.2, 0)), by(a, failing), by(a, value(Backlog, 20.4, 20, 18.9, 0))}, "its instant is before 12:00:19"},
		"an earlier instant of another replica": {[]Answer{by(a, value(Backlog, 8.5, 20, 8, 0)), by(b, value(Backlog, 8.9, 20, 7, 0))}, ""},
		"an earlier instant of another metric":  {[]Answer{by(a, value(Backlog, 8.5, 20, 8, 0)), by(a, value(Clock, 8.9, 7300, 7, 0))}, ""},
		"an earlier instant of who knows which": {[]Answer{value(Backlog, 8.5, 20, 8, 0), value(Backlog, 8.9, 20, 7, 0)}, ""},
		"answers that overtake each other":      {[]Answer{by(a, value(Backlog, 8.4, 20, 8, 0)), overlapping}, ""},

		"rates that differ a little":             {[]Answer{by(a, rate(8.4, 275, 8)), by(b, rate(8.5, 315, 8))}, ""},
		"rates of which one lacks what is read":  {[]Answer{by(a, rate(8.4, 275, 8)), by(b, rate(8.5, 275+reading, 8))}, ""},
		"rates that differ":                      {[]Answer{by(a, rate(8.4, 275, 8)), by(b, rate(8.5, 400, 8))}, "adapter-0 stated 275"},
		"rates that differ, the first one is it": {[]Answer{by(a, rate(8.4, 400, 8)), by(b, rate(8.5, 275, 8))}, "adapter-0 stated 400"},
		"rates of other times":                   {[]Answer{by(a, rate(6.4, 275, 6)), by(b, rate(8.5, 400, 8))}, ""},
		"rates of one replica":                   {[]Answer{by(a, rate(8.4, 275, 8)), by(a, rate(8.5, 400, 8))}, ""},
		"rates while a fault is felt":            {[]Answer{by(a, rate(12.2, 275, 9)), by(b, rate(12.3, 400, 9))}, ""},
		"levels that their instants explain":     {[]Answer{by(a, value(Backlog, 30.9, 20, 29, 0)), by(b, value(Backlog, 31.1, 30, 30, 0))}, ""},
		"an error that nothing explains":         {[]Answer{by(a, failed(Backlog, 6.5, stale))}, ""},
		"an error with an address":               {[]Answer{by(a, failed(Backlog, 6.5, stale+": dial 127.0.0.1:6379"))}, "carries an address"},
	} {
		t.Run(name, func(t *testing.T) {
			v := forged()
			for _, answer := range test.history {
				v.Add(answer)
			}
			report := v.Close()
			switch {
			case test.says == "" && report.Violations > 0:
				t.Errorf("found to be wrong: %s", report.Wrong)
			case test.says != "" && (report.Violations != 1 || !strings.Contains(report.Wrong[0], test.says)):
				t.Errorf("found %d violations %q, want one that says %q", report.Violations, report.Wrong, test.says)
			}
		})
	}
}

// TestReplicasWhoseMachineStoodStill forges rates that differ, about a second in which this machine stood still.
func TestReplicasWhoseMachineStoodStill(t *testing.T) {
	v := forged()
	v.stood(Span{at(7), at(8)})
	v.Add(by("adapter-0", value(RequestsPerSecond, 8.4, 275, 8, 5)))
	v.Add(by("adapter-1", value(RequestsPerSecond, 8.5, 400, 8, 5)))
	wantFound(t, v, "")
}

// TestInstantsOfAReplicaWhoseClockIsSet forges instants that go back when the clock of one replica is set back.
func TestInstantsOfAReplicaWhoseClockIsSet(t *testing.T) {
	for replica, says := range map[string]string{"adapter-0": "", "adapter-1": "its instant is before 12:00:10"} {
		v := stepped(-2 * time.Second)
		v.faults[0].Replica = "adapter-0"
		v.Add(by(replica, value(Clock, 11, 10300, 10, 0)))
		after := value(Clock, 11.9, 11300, 11, 0)
		if replica == "adapter-0" {
			after.At = after.At.Add(-2 * time.Second)
		} else {
			after = value(Clock, 11.9, 9300, 9, 0)
		}
		v.Add(by(replica, after))
		wantFound(t, v, says)
	}
}

// revised is a verifier of an object that was edited within the 20th second, and deleted within the 30th. Of each of its
// revisions it has another truth. While adapter-0 is cut off, from 40 s to 50 s, it is made again. It is edited once more
// after adapter-0 is cut off for good, at 100 s.
func revised() *Verifier {
	v := New(testPolicy())
	v.Expect("cart", []Expectation{Revisions()})
	v.Bind("cart", Span{at(-60), at(-59.9)}, Revision(1))
	v.Bind("cart", Span{at(20), at(20.1)}, Revision(2))
	v.Bind("cart", Span{at(30), at(30.1)}, nil)
	v.Bind("cart", Span{at(41), at(41.1)}, Revision(3))
	v.Bind("cart", Span{at(45), at(45.1)}, Revision(4))
	v.Bind("cart", Span{at(101), at(101.1)}, Revision(5))
	cut := Effect{Within: 3 * time.Second, Cut: true, Replica: "adapter-0"}
	v.faults = append(v.faults,
		&FaultWindow{Effect: cut, Fault: "adapter-0 is cut off", verifier: v, began: at(40), lasting: at(40), lifted: at(50), repaired: at(50)},
		&FaultWindow{Effect: cut, Fault: "adapter-0 is cut off for good", verifier: v, began: at(100), lasting: at(100)})
	return v
}

func TestAcknowledgedChangesAreHeardOf(t *testing.T) {
	revision := func(replica string, asked, v, taken float64) Answer {
		return by(replica, value(revisionMetric, asked, v, taken, 0))
	}
	wantAllFound(t, revised, map[string]forgery{
		"before the edit":                              {revision("", 19.5, 1, 19), ""},
		"a revision that has not been written":         {revision("", 18.5, 2, 18), "it was 1 to 1"},
		"the old spec within the bound":                {revision("", 21, 1, 20), ""},
		"the new spec at once":                         {revision("", 20.2, 2, 20), ""},
		"the old spec after the bound":                 {revision("", 21.2, 1, 20), "it was 2 to 2"},
		"a new sample of the old spec":                 {revision("", 22.9, 1, 22), "it was 2 to 2"},
		"the sample before the edit, after the bound":  {revision("", 21.2, 1, 18), "older than the object, or than its last change"},
		"by a replica that was asked itself":           {revision("adapter-1", 21.2, 1, 20), "it was 2 to 2"},
		"a deleted object within the bound":            {revision("", 31, 2, 30), ""},
		"a deleted object after the bound":             {revision("", 31.2, 2, 30), "the object was deleted"},
		"a deleted object, its last sample":            {revision("", 31.2, 2, 29), "the object was deleted"},
		"a deleted object, long after":                 {revision("", 35, 2, 34), "the object was deleted"},
		"an edit that a replica cannot have heard of":  {revision("adapter-0", 49, 3, 48), ""},
		"the same of the replica that can":             {revision("adapter-1", 49, 3, 48), "it was 4 to 4"},
		"the replica was cut off, and is not any more": {revision("adapter-0", 53.1, 3, 52), "it was 4 to 4"},
		"a replica that is out of touch for less":      {revision("adapter-0", 220, 4, 219), ""},
		"one that is out of touch for too long":        {revision("adapter-0", 221.2, 4, 220), "it was 5 to 5"},
	})
}
