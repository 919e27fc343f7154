package verifier

import (
	"testing"
	"time"
)

// counted is a minute in which 200 requests a second are counted, 60 of them GETs, as each row can tell.
func counted() *Truth {
	t := &Truth{}
	for n := range 1200 {
		sent := at(0.05 * float64(n))
		done := Events{Requests: 10, Gets: 3, Sets: 1, Hits: 4, Misses: 1, ThirdShard: 2}
		if n%seldom == 3 {
			done[Expired] = 1
		}
		t.Executed(sent, sent.Add(2*time.Millisecond), done)
	}
	t.Set(Keys, at(0), at(0.01), 40)
	t.Set(Followers, at(0), at(0.01), 1)
	t.Set(Expiring, at(0), at(0.01), 5)
	t.Set(Backlog, at(0), at(0.01), 20)
	t.Set(Lag, at(0), at(0.01), 2)
	t.Set(Steps, at(0), at(0.01), 2)
	t.Set(Backlog, at(30), at(30.01), 60)
	t.Set(Filled, at(0), at(0.01), ballast)
	t.Set(ReplicaConnections, at(0), at(0.01), 0)
	t.Set(ReplicaConnections, at(30), at(30.01), 140)
	return t
}

// TestRows forges answers to questions that name a selector, or a declared metric, about objects of several topologies.
func TestRows(t *testing.T) {
	selected := func(metric, selector string, v float64, window time.Duration) Answer {
		a := value(metric, 20.5, v, 20, window)
		a.Selector = selector
		return a
	}
	for name, test := range map[string]struct {
		answer   Answer
		topology Topology
		says     string
	}{
		"some commands":                   {selected(RequestsPerSecond, "command=get", 60, 5), Standalone, ""},
		"all but some commands":           {selected(RequestsPerSecond, "command notin (get,set)", 120, 5), Standalone, ""},
		"as many as of all commands":      {selected(RequestsPerSecond, "command=get", 200, 5), Standalone, "it was 59"},
		"one shard":                       {selected(RequestsPerSecond, "shard=2", 40, 5), Sharded, ""},
		"all shards instead of one":       {selected(RequestsPerSecond, "shard=2", 200, 5), Sharded, "it was 39"},
		"a command that is never sent":    {selected(RequestsPerSecond, "command=lpush", 0, 5), Standalone, ""},
		"both servers":                    {selected(Keys, "role in (primary,replica)", 80, 0), Watched, ""},
		"a replica twice":                 {selected(Keys, "role=primary", 80, 0), Watched, "it was 40 to 40"},
		"a share":                         {selected("expiring-keys-ratio", "", 0.125, 0), Standalone, ""},
		"another share":                   {selected("expiring-keys-ratio", "", 0.2, 0), Standalone, "it was 0.125 to 0.125"},
		"hits to look-ups":                {selected("keyspace-hit-ratio", "", 0.8, 5), Standalone, ""},
		"no hits to look-ups":             {selected("keyspace-hit-ratio", "", 0.01, 5), Standalone, "it was"},
		"a key that expired before":       {selected("expirations-per-second", "", 4/2.512, 3), Standalone, ""},
		"too few keys that expired":       {selected("expirations-per-second", "", 3/2.512, 3), Standalone, "it was"},
		"an expression":                   {selected("jobs-each", "", 10, 0), Standalone, ""},
		"an expression divided by 0":      {selected("jobs-per-nobody", "", 0, 0), Standalone, "it had to be an error"},
		"a level of the window":           {of("cart", value("most-jobs", 33.5, 60, 33, 5)), Standalone, ""},
		"a level from before the window":  {of("cart", value("most-jobs", 37.5, 20, 37, 5)), Standalone, "it was 60 to 60"},
		"memory of one server":            {selected("used-memory-bytes", "", ballast+1e6, 0), Rewritten, ""},
		"memory of two servers":           {selected("used-memory-bytes", "", 2*ballast+2e6, 0), Rewritten, "it was"},
		"memory of many replicas":         {of("cart", value("used-memory-bytes", 33.5, ballast+9e6, 33, 0)), Rewritten, ""},
		"memory of each of many replicas": {of("cart", value("used-memory-bytes", 33.5, 70*ballast, 33, 0)), Rewritten, "it was"},
		"time of what all replicas call":  {selected("command-latency-mean-microseconds", "command=llen", 26, 5), Standalone, "it had to be an error"},
		"a selector that matches nothing": {selected(RequestsPerSecond, "command=no-such-command", 0, 5), Standalone, "it had to be an error"},
		"a question that nobody asks":     {selected(RequestsPerSecond, "command=zadd", 0, 5), Standalone, "it had to be an error"},
	} {
		t.Run(name, func(t *testing.T) {
			l := New(testPolicy())
			l.Expect("cart", Expectations(test.topology, "third", 1, func(string) bool { return true }))
			l.Bind("cart", Span{at(-60), at(-60)}, counted())
			l.Add(test.answer)
			wantFound(t, l, test.says)
		})
	}
}

// TestErrorsThatThereHaveToBe forges errors of what is never known.
func TestErrorsThatThereHaveToBe(t *testing.T) {
	wantAllFound(t, forged, map[string]forgery{
		"the error that there has to be": {failed("jobs-per-nobody", 6.5, "jobs-per-nobody of cart is unknown"), ""},
		"an error that there may be":     {failed("command-latency-mean-microseconds", 6.5, "it does not separate their times"), ""},
		"another error":                  {failed("command-latency-mean-microseconds", 6.5, "no sample"), "nothing explains it"},
		"left out of a list":             {Answer{Object: "cart", Metric: "jobs-per-nobody", Asked: at(6.5), Answered: at(6.6), Err: errLeftOut}, ""},
		"left out without a reason":      {Answer{Object: "cart", Metric: Keys, Asked: at(6.5), Answered: at(6.6), Err: errLeftOut}, "nothing explains it"},
		"left out in an outage":          {Answer{Object: "cart", Metric: Keys, Asked: at(16.5), Answered: at(16.6), Err: errLeftOut}, ""},
	})
}

// TestCalmRows asks for what no fault may disturb, before and after one from 10 s to 20 s, which is over at 23 s.
func TestCalmRows(t *testing.T) {
	const level, rates = "connected-replicas", "rejected-connections-per-second"
	for name, test := range map[string]struct {
		answer             Answer
		checked, violation int
	}{
		"a level before it":                   {value(level, 6.5, 0, 6, 0), 1, 0},
		"a wrong level before it":             {value(level, 6.5, 7, 6, 0), 1, 1},
		"a wrong level while it lasts":        {value(level, 15.5, 7, 15, 0), 0, 0},
		"a wrong level of a sample within it": {value(level, 25.5, 7, 22, 0), 0, 0},
		"a wrong level after it":              {value(level, 29.5, 7, 29, 0), 1, 1},
		"a wrong rate of a window within it":  {value(rates, 30.5, 7, 28, 5), 0, 0},
		"a wrong rate after it":               {value(rates, 32.5, 7, 32, 5), 1, 1},
	} {
		for _, behaviour := range []Behaviour{Serves, Holds} {
			l := forged()
			l.faults[0].Levels, l.faults[0].Rates = behaviour, behaviour
			l.Add(test.answer)
			if report := l.Close(); report.Checked != test.checked || report.Unknown != 1-test.checked || report.Violations != test.violation {
				t.Errorf("%s: counted %s", name, report)
			}
		}
	}
}

// TestEachRowIsAsked has no two rows of one question for an object.
func TestEachRowIsAsked(t *testing.T) {
	for topology := Standalone; topology&everywhere != 0; topology <<= 1 {
		names := map[string]bool{}
		for _, e := range Expectations(topology, "third", 1, func(string) bool { return true }) {
			if names[e.String()] {
				t.Errorf("topology %d is asked twice for %s", topology, e)
			}
			names[e.String()] = true
			if e.Kind != Refused && e.Of == nil {
				t.Errorf("nothing is known of %s", e)
			}
		}
		if len(names) < 30 {
			t.Errorf("topology %d is asked for %d things, want 30 at least", topology, len(names))
		}
	}
}
