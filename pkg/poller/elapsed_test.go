package poller

import (
	"testing"
	"time"
	"unsafe"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestAttemptTookTheLongerOfBothClocks(t *testing.T) {
	start := time.Now()
	if got := elapsed(start, start.Add(time.Second)); got != time.Second {
		t.Errorf("took = %v, want the 1s of both clocks", got)
	}
	at := suspended(t, start.Add(time.Second), time.Hour)
	if got := elapsed(start, at); got != time.Hour+time.Second {
		t.Errorf("took = %v over a suspension, want the wall clock's 1h0m1s", got)
	}
	at = suspended(t, start.Add(time.Second), -time.Hour)
	if got := elapsed(start, at); got != time.Second {
		t.Errorf("took = %v while the clock was set back, want the monotonic clock's 1s", got)
	}
}

// An answer that lay about while the machine was suspended looks fresh and is not.
func TestAnswerFromBeforeASuspensionIsNoSample(t *testing.T) {
	server := samplertest.NewStub(t, samplertest.Healthy(samplertest.GoodInfo))
	o := probing(t, samplertest.TargetAt("suspended", server.Addr))
	o.sample()
	start, asked := time.Now(), 0
	o.poller.now = func() time.Time {
		if asked++; asked == 1 {
			return start
		}
		return suspended(t, start.Add(time.Millisecond), time.Hour)
	}
	o.fail(reason.Timeout)
	o.poller.now = time.Now
	o.sample()
}

// suspended moves the wall clock of t and leaves its monotonic reading, which
// package time keeps in its field ext and lets nobody set.
func suspended(tb testing.TB, t time.Time, d time.Duration) time.Time {
	tb.Helper()
	moved := t.Add(d)
	ext := (*int64)(unsafe.Add(unsafe.Pointer(&moved), unsafe.Sizeof(uint64(0))))
	*ext -= int64(d)
	if moved.Sub(t) != 0 || moved.Round(0).Sub(t.Round(0)) != d {
		tb.Fatalf("the monotonic reading of %v could not be moved by %v: package time keeps it elsewhere now", t, d)
	}
	return moved
}
