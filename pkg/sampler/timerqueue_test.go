package sampler

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// turned notes at what instants the turns of a loop begin.
type turned struct {
	mu sync.Mutex
	at map[*loop][]time.Duration
}

func (x *turned) note(l *loop, at time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.at == nil {
		x.at = map[*loop][]time.Duration{}
	}
	x.at[l] = append(x.at[l], at)
}

// calendaring runs a queue whose turns do something and queue themselves again after an interval.
func calendaring(t *testing.T, interval time.Duration, do func(l *loop)) (c *timerQueue, loops func(n int) []*loop, noted *turned) {
	start := time.Now()
	noted = &turned{}
	c = newTimerQueue(start, func(l *loop) {
		noted.note(l, time.Since(start))
		do(l)
		l.due = l.due.Add(interval)
		c.push(l)
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.run(t.Context())
	}()
	t.Cleanup(func() {
		<-ended
		<-time.After(time.Second) // for the turns under way
		c.close()
	})
	return c, func(n int) []*loop {
		all := make([]*loop, n)
		for i := range all {
			all[i] = newLoop(t.Context(), &target.Target{}, start)
			all[i].due = start.Add(time.Duration(i%10) * interval / 10)
			if !c.push(all[i]) {
				t.Fatal("a loop is not booked")
			}
		}
		return all
	}, noted
}

func TestTurnsBeginWhenTheyAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, loops, noted := calendaring(t, time.Second, func(*loop) {})
		all := loops(1000)
		<-time.After(10*time.Second + time.Millisecond)
		synctest.Wait()
		for n, l := range all {
			for turn, at := range noted.at[l] {
				if want := time.Duration(n%10)*time.Second/10 + time.Duration(turn)*time.Second; at != want {
					t.Fatalf("turn %d of loop %d begins after %v, want %v", turn, n, at, want)
				}
			}
			if got := len(noted.at[l]); got < 10 || got > 11 {
				t.Fatalf("%d turns of loop %d in 10s", got, n)
			}
		}
	})
}

// TestTurnsThatHangHoldUpNoOther has most loops hang for good.
func TestTurnsThatHangHoldUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		hanging := map[*loop]bool{}
		_, loops, noted := calendaring(t, time.Second, func(l *loop) {
			mu.Lock()
			hangs := hanging[l]
			mu.Unlock()
			if hangs {
				<-l.ctx.Done()
			}
		})
		mu.Lock()
		all := loops(1000)
		for _, l := range all[:900] {
			hanging[l] = true
		}
		mu.Unlock()
		<-time.After(10*time.Second + time.Millisecond)
		synctest.Wait()
		for n, l := range all {
			want := 10
			if n < 900 {
				want = 1
			}
			if got := len(noted.at[l]); got < want || got > want+1 {
				t.Fatalf("%d turns of loop %d, want %d", got, n, want)
			}
		}
		for _, l := range all {
			l.cancel()
		}
	})
}

func TestCancelledLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, loops, noted := calendaring(t, time.Hour, func(*loop) {})
		all := loops(100)
		<-time.After(time.Minute)
		synctest.Wait()
		for n, l := range all {
			l.cancel()
			c.advance(l)
			synctest.Wait()
			turns := noted.at[l]
			if last := turns[len(turns)-1]; last != time.Minute {
				t.Errorf("the last turn of loop %d was after %v, want when it was cancelled", n, last)
			}
			c.advance(l) // is booked no more
		}
		if c.push(all[0]) {
			t.Error("a loop that was cancelled is booked")
		}
		<-time.After(3 * time.Hour)
		synctest.Wait()
		for n, l := range all {
			if got := len(noted.at[l]); got > 2 {
				t.Errorf("%d turns of loop %d, which was cancelled", got, n)
			}
		}
	})
}

// TestWorkersAreFew keeps what waits for its turn from costing a goroutine each.
func TestWorkersAreFew(t *testing.T) {
	for _, together := range []bool{false, true} {
		t.Run(fmt.Sprintf("together %t", together), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var under, most atomic.Int32
				_, loops, _ := calendaring(t, time.Second, func(*loop) {
					if now := under.Add(1); now > most.Load() {
						most.Store(now)
					}
					if together {
						<-time.After(time.Second / 2)
					}
					under.Add(-1)
				})
				before := runtime.NumGoroutine()
				loops(5000)
				<-time.After(20*time.Second + time.Second/20)
				synctest.Wait()
				if together && most.Load() < 2500 {
					t.Errorf("%d turns are under way at once, want half of them", most.Load())
				}
				if waiting := runtime.NumGoroutine() - before - int(under.Load()); waiting > idleWorkers+10 {
					t.Errorf("%d workers wait, want about %d at most", waiting, idleWorkers)
				}
			})
		})
	}
}
