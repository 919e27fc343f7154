package verifier

import (
	"testing"
	"time"
)

func TestCountBoundsWhatWasUnderWay(t *testing.T) {
	c := &counter{}
	c.add(at(-1), at(-0.5), Events{Requests: 0})
	c.add(at(0), at(1), Events{Requests: 10})
	c.add(at(2), at(4), Events{Requests: 10})
	c.doubt(at(5), Events{Requests: 100})
	c.add(at(6), at(7), Events{Requests: 10})
	c.settle(at(8))
	c.add(at(9), at(10), Events{Requests: 10})
	for name, test := range map[string]struct {
		from, to     float64
		fewest, most int64
	}{
		"all of one batch":              {1.5, 4.5, 10, 10},
		"a part of one batch":           {1.5, 3, 0, 10},
		"between batches":               {4.1, 4.9, 0, 0},
		"what may have been executed":   {4.1, 5.5, 0, 100},
		"long after it was sent":        {7.1, 8.5, 0, 100},
		"after it could be executed":    {8.1, 8.9, 0, 0},
		"before and after, all of them": {-0.5, 10, 40, 140},
	} {
		t.Run(name, func(t *testing.T) {
			fewest, most, known := c.count(Requests, at(test.from), at(test.to))
			if !known || fewest != test.fewest || most != test.most {
				t.Errorf("%d to %d, %v; want %d to %d", fewest, most, known, test.fewest, test.most)
			}
		})
	}
	if _, _, known := c.count(Requests, at(-2), at(3)); known {
		t.Error("known from before the first batch")
	}
	if _, _, known := c.count(Requests, at(3), at(11)); known {
		t.Error("known after the last batch")
	}
}

// TestBatchesAtTheEndsOfAWindow takes rates over windows in which a batch more or less tells: one that is true must be
// explained.
func TestBatchesAtTheEndsOfAWindow(t *testing.T) {
	truth := &Truth{}
	const each, apart, phase = 8, 0.05, 0.02
	for n := range 300 {
		done := Events{Requests: each}
		if n%seldom == 2 {
			done[Scripts] = each
		}
		truth.Executed(at(float64(n)*apart+phase), at(float64(n)*apart+phase+0.002), done)
	}
	for name, test := range map[string]struct {
		of       Event
		window   time.Duration
		from, to float64
		batches  int
	}{
		"one more":                        {Requests, time.Second, 10.069, 10.621, 12},
		"one less":                        {Requests, time.Second, 10.073, 10.619, 10},
		"as many as there are":            {Requests, time.Second, 10.045, 10.995, 19},
		"one more within a longer window": {Requests, 3 * time.Second, 7.569, 10.272, 55},
		"one less within a longer window": {Requests, 3 * time.Second, 7.573, 10.269, 53},
		"one script less":                 {Scripts, 2 * time.Second, 8.133, 10.100, 3},
	} {
		t.Run(name, func(t *testing.T) {
			perSecond := each * float64(test.batches) / (test.to - test.from)
			lowest, highest, known := truth.Within(at(10), test.window, rate(test.of))
			if !known || perSecond < lowest || perSecond > highest {
				t.Errorf("%.2f/s were sent, and %.2f to %.2f are said to be, %v", perSecond, lowest, highest, known)
			}
		})
	}
}

// TestClientsFollowAFailoverLate takes rates while clients still reach the primary that was deposed: the new one is sampled
// and gets nothing.
func TestClientsFollowAFailoverLate(t *testing.T) {
	truth := &Truth{}
	for n := range 200 {
		sent := at(float64(n) * 0.05)
		truth.Executed(sent, sent.Add(time.Millisecond), Events{Requests: 5})
	}
	truth.Break(Span{at(3), at(5)})
	for name, test := range map[string]struct {
		from  float64
		known bool
	}{
		"before the failover":               {1, true},
		"while clients reach the old one":   {4, false},
		"after clients reached the new one": {6, true},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, known := truth.Over(Span{at(test.from), at(test.from + 1)}, rate(Requests)); known != test.known {
				t.Errorf("known: %v, want %v", known, test.known)
			}
		})
	}
}

func TestLevelInDoubt(t *testing.T) {
	l := &level{}
	l.set(at(0), at(1), 10)
	l.set(at(2), time.Time{}, 20) // its answer never came
	l.set(at(4), at(5), 30)
	for name, test := range map[string]struct{ from, to, least, largest float64 }{
		"certain":            {1.5, 1.9, 10, 10},
		"in doubt":           {2.5, 3.5, 10, 20},
		"while it changes":   {3, 4.5, 10, 30},
		"after it changed":   {5.1, 9, 30, 30},
		"over all of it":     {1.5, 6, 10, 30},
		"at the very change": {4.9, 5.1, 10, 30},
	} {
		t.Run(name, func(t *testing.T) {
			least, largest, known := l.between(at(test.from), at(test.to))
			if !known || least != test.least || largest != test.largest {
				t.Errorf("%v to %v, %v; want %v to %v", least, largest, known, test.least, test.largest)
			}
		})
	}
	if _, _, known := l.between(at(0.5), at(0.9)); known {
		t.Error("known from before the first answer")
	}
}

// TestFailoverMayLoseWrites asks for the clock just after a failover.
func TestFailoverMayLoseWrites(t *testing.T) {
	truth := &Truth{}
	for n := range 100 {
		truth.Set(Clock, at(float64(n)/10), at(float64(n)/10+0.01), float64(n))
	}
	truth.Break(Span{at(9.95), at(12)})
	least, largest, known := truth.Level(Clock, at(12.5), at(13))
	if !known || least > 85 || least < 80 || largest != 99 {
		t.Errorf("%v to %v, %v; want about 84 to 99", least, largest, known)
	}
	truth.Set(Clock, at(14), at(14.1), 140)
	if least, _, _ := truth.Level(Clock, at(15), at(16)); least != 140 {
		t.Errorf("at least %v once it was written again, want 140", least)
	}
}

func TestTruthForgets(t *testing.T) {
	truth := &Truth{}
	for n := range 10_000 {
		sent := at(float64(n))
		truth.Executed(sent, sent.Add(time.Millisecond), Events{Requests: 1})
		truth.Set(Clock, sent, sent.Add(time.Millisecond), float64(n))
		if n%100 == 0 {
			truth.Doubtful(sent, Events{Requests: 1})
			truth.Settled(sent.Add(time.Second))
		}
	}
	if n, m, d := len(truth.counts.batches), len(truth.levels[Clock].changes), len(truth.counts.doubts); n > 500 || m > 500 || d > 10 {
		t.Errorf("%d batches, %d changes and %d doubts are kept", n, m, d)
	}
	if lowest, highest, known := truth.Within(at(9990), 5*time.Second, rate(Requests)); !known || lowest < 0.5 || highest > 1.5 {
		t.Errorf("%v to %v requests/s, %v; want about 1", lowest, highest, known)
	}
}

// TestAgeOfWhatHappenedWithinASpan asks how old something is whose exact instant is unknown.
func TestAgeOfWhatHappenedWithinASpan(t *testing.T) {
	truth := &Truth{}
	truth.Happened(Born, Span{at(-100), at(-99)})
	truth.Happened(Born, Span{at(10), at(13)})
	for name, test := range map[string]struct{ from, to, least, largest float64 }{
		"after it":    {20, 21, 7, 11},
		"within it":   {11, 12, -2, 112},
		"before it":   {5, 6, 104, 106},
		"an instant":  {20, 20, 7, 10},
		"much later":  {113, 114, 100, 104},
		"at its ends": {10, 13, -3, 113},
	} {
		least, largest, known := truth.Over(Span{at(test.from), at(test.to)}, age(Born))
		if !known || least != test.least || largest != test.largest {
			t.Errorf("%s: %v to %v, %v; want %v to %v", name, least, largest, known, test.least, test.largest)
		}
	}
}
