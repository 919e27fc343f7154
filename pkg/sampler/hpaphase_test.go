package sampler

import (
	"fmt"
	"testing"
	"time"
)

// caller asks each period, at first after so long, until it has asked for so long.
type caller struct{ first, period, until time.Duration }

// course is what comes of callers that ask about a target over a time.
type course struct {
	samples []time.Duration   // when they ended
	ages    [][]time.Duration // of the newest sample as each caller found it
}

// follow runs the rhythm of a target whose attempts take so long. Instants count from its start.
func follow(interval, took, end time.Duration, callers ...caller) course {
	start := time.Now()
	s := newSchedule(start, "uid-1/1", interval)
	c := course{ages: make([][]time.Duration, len(callers))}
	next := make([]time.Duration, len(callers))
	for n, one := range callers {
		next[n] = one.first
	}
	due := s.first(start)
	for due.Sub(start) < end {
		done := due.Add(took)
		for n, one := range callers {
			for ; next[n] < done.Sub(start) && next[n] < one.until; next[n] += one.period {
				if len(c.samples) > 0 {
					c.ages[n] = append(c.ages[n], next[n]-c.samples[len(c.samples)-1])
				}
				s.follow(start.Add(next[n]), took)
			}
		}
		c.samples = append(c.samples, done.Sub(start))
		due = s.next(due, done, 0)
	}
	return c
}

// TestAutoscalerFindsAFreshSample has it ask at all phases, in rounds that are a little longer or shorter than its
// period. From its third question on, what it is told is no older than the lead and what the rounds differ by.
func TestAutoscalerFindsAFreshSample(t *testing.T) {
	const interval = 5 * time.Second
	for _, took := range []time.Duration{time.Millisecond, 300 * time.Millisecond} {
		for _, drift := range []time.Duration{-30 * time.Millisecond, 0, 7 * time.Millisecond, 50 * time.Millisecond} {
			for phase := time.Duration(0); phase < interval; phase += 70 * time.Millisecond {
				t.Run(fmt.Sprint(took, drift, phase), func(t *testing.T) {
					period := 3*interval + drift
					c := follow(interval, took, 10*time.Minute, caller{20*time.Second + phase, period, time.Hour})
					for n, age := range c.ages[0][2:] {
						if most := leadTime + drift.Abs() + 2*tick; age > most {
							t.Fatalf("question %d finds a sample of %v ago, want at most %v", n+3, age, most)
						}
					}
					for n := 3; n < len(c.samples); n++ {
						if gap := c.samples[n] - c.samples[n-1]; gap > interval+interval/50 || gap < interval/2-tick {
							t.Fatalf("sample %d comes %v after the one before", n, gap)
						}
					}
					if most := int(10*time.Minute/interval) + 6; len(c.samples) > most {
						t.Errorf("%d samples in 10 minutes, want at most %d: whoever asks must not cost more of them", len(c.samples), most)
					}
				})
			}
		}
	}
}

// TestOneOfSeveralAutoscalersIsFollowed keeps the rhythm from going back and forth between several callers.
func TestOneOfSeveralAutoscalersIsFollowed(t *testing.T) {
	const interval, minutes = 5 * time.Second, 20
	first := caller{20 * time.Second, 3 * interval, minutes / 2 * time.Minute}
	second := caller{22 * time.Second, 3 * interval, minutes * time.Minute}
	c := follow(interval, time.Millisecond, minutes*time.Minute, first, second)
	for n, age := range c.ages[0][2:] {
		if age > 2*leadTime {
			t.Errorf("question %d of the first finds a sample of %v ago", n+3, age)
		}
	}
	left := len(c.ages[1]) / 2
	for n, age := range c.ages[1] {
		switch {
		case n > left+6 && age > 2*leadTime:
			t.Errorf("question %d of the second, alone by now, finds a sample of %v ago", n+1, age)
		case n > 2 && n < left-6 && age < leadTime:
			t.Errorf("question %d of the second finds a sample of %v ago while the first is followed", n+1, age)
		}
	}
	if most := minutes*60/5 + 8; len(c.samples) > most {
		t.Errorf("%d samples in %d minutes, want at most %d", len(c.samples), minutes, most)
	}
}

// TestCallersWithoutARhythm bounds what questions at odd times cost.
func TestCallersWithoutARhythm(t *testing.T) {
	const interval = 5 * time.Second
	for _, period := range []time.Duration{50 * time.Millisecond, 700 * time.Millisecond, 4 * time.Second, 17 * time.Second} {
		c := follow(interval, time.Millisecond, 10*time.Minute, caller{0, period, time.Hour})
		if most := 10 * time.Minute / interval * 3 / 2; len(c.samples) > int(most) {
			t.Errorf("%d samples in 10 minutes of a caller that asks each %v, want at most %d", len(c.samples), period, most)
		}
		for n := 3; n < len(c.samples); n++ {
			if gap := c.samples[n] - c.samples[n-1]; gap > interval+interval/50 || gap < interval/2-tick {
				t.Fatalf("asked each %v, sample %d comes %v after the one before", period, n, gap)
			}
		}
	}
}
