package sampler

import (
	"fmt"
	"testing"
	"time"
)

func TestFirstAttemptIsSoonAndSpread(t *testing.T) {
	const interval = 10 * time.Second
	start := time.Now()
	tenths := make([]int, 10)
	for n := range 10000 {
		s := newSchedule(start, fmt.Sprintf("uid-%d/1", n), interval)
		wait := s.first(start).Sub(start)
		if wait < 0 || wait > interval/10 {
			t.Fatalf("the first attempt waits %v, want at most a tenth of %v", wait, interval)
		}
		tenths[min(9, int(wait/(interval/100)))]++
	}
	for n, count := range tenths {
		if count < 800 || count > 1200 {
			t.Errorf("part %d of 10 has %d of 10000 first attempts, want about 1000", n, count)
		}
	}
}

func TestTargetsSpreadOverTheInterval(t *testing.T) {
	const interval = 10 * time.Second
	start := time.Now()
	tenths := make([]int, 10)
	for n := range 10000 {
		s := newSchedule(start, fmt.Sprintf("uid-%d/1", n), interval)
		due := s.first(start)
		for range 5 {
			due = s.next(due, due, 0)
		}
		tenths[due.Sub(start)%interval/(interval/10)]++
	}
	for n, count := range tenths {
		if count < 800 || count > 1200 {
			t.Errorf("part %d of 10 has %d of 10000 attempts, want about 1000", n, count)
		}
	}
}

// TestTargetsOfAnyAgeMeetOnTheGrid keeps the wake-ups of many targets few.
func TestTargetsOfAnyAgeMeetOnTheGrid(t *testing.T) {
	const interval = 5 * time.Second
	start := time.Now()
	instants := map[time.Duration]bool{}
	for n := range 1000 {
		s := newSchedule(start, fmt.Sprintf("uid-%d/1", n), interval)
		appeared := start.Add(time.Duration(n) * 12345 * time.Microsecond)
		due := s.next(s.first(appeared), appeared, 0)
		instants[due.Sub(start)%interval] = true
		if off := due.Sub(start) % tick; off != 0 {
			t.Fatalf("an attempt is due %v off the grid", off)
		}
	}
	if most := int(interval / tick); len(instants) > most || len(instants) < most*9/10 {
		t.Errorf("attempts are due at %d instants of the interval, want up to %d and most of them", len(instants), most)
	}
}

func TestRhythmIsSteady(t *testing.T) {
	for _, interval := range []time.Duration{time.Second, 5 * time.Second, 5 * time.Minute, 1500 * time.Millisecond, 7 * time.Nanosecond} {
		for n := range 200 {
			start := time.Now()
			s := newSchedule(start, fmt.Sprint(n), interval)
			due := s.first(start)
			for beat := range 20 {
				next := s.next(due, due.Add(interval/100), 0)
				gap := next.Sub(due)
				if beat < 2 {
					if gap < interval/2-tick || gap > interval+tick {
						t.Fatalf("interval %v: attempt %d comes %v after the one before", interval, beat+2, gap)
					}
				} else if gap != interval {
					t.Fatalf("interval %v: beat %d comes %v after the one before", interval, beat, gap)
				}
				due = next
			}
		}
	}
}

// TestRateIsKnownSoon keeps what has just appeared from waiting for its rhythm: its
// second attempt has ended within an interval and the tenth that the first may wait.
func TestRateIsKnownSoon(t *testing.T) {
	const interval = 5 * time.Second
	start := time.Now()
	for n := range 1000 {
		s := newSchedule(start, fmt.Sprintf("uid-%d/1", n), interval)
		appeared := start.Add(time.Duration(n) * 12345 * time.Microsecond)
		first := s.first(appeared)
		if known := s.next(first, first.Add(interval/100), 0).Sub(appeared); known > interval+interval/10 {
			t.Fatalf("the second attempt is due %v after the target has appeared, want at most %v", known, interval+interval/10)
		}
		slow := s.next(first, first.Add(interval), 0)
		if slow.Before(first.Add(interval)) {
			t.Fatal("an attempt is due in the past")
		}
	}
}

func TestBeatsMissedAreNotCaughtUpWith(t *testing.T) {
	const interval = 10 * time.Second
	tests := []struct {
		name string
		took time.Duration
		gap  time.Duration // from one beat to the next
	}{
		{"at once", 0, interval},
		{"just in time", interval, interval},
		{"a little too long", interval + 1, 2 * interval},
		{"three beats and a half", 3*interval + interval/2, 4 * interval},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			s := newSchedule(start, "id", interval)
			due := s.first(start)
			for range 2 {
				due = s.next(due, due, 0)
			}
			for range 3 {
				next := s.next(due, due.Add(tt.took), 0)
				if got := next.Sub(due); got != tt.gap {
					t.Fatalf("the next attempt is due %v after the last, want %v", got, tt.gap)
				}
				if next.Sub(due.Add(tt.took)) < 0 {
					t.Fatal("an attempt is due in the past")
				}
				due = next
			}
		})
	}
}
