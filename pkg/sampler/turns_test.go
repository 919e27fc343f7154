package sampler

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// turns is a Manager in a bubble of fake time. Its attempts fail for want of credentials,
// at once or when they are cancelled, and so need no network.
type turns struct {
	*Manager
	mu      sync.Mutex
	hangs   func(t *target.Target) bool
	late    []time.Duration
	counts  map[string]int // of attempts that have begun, by the target's name
	targets []*target.Target
}

func taking(t *testing.T, targets int, hangs func(t *target.Target) bool) *turns {
	t.Helper()
	x := &turns{hangs: hangs, counts: map[string]int{}}
	x.Manager = New(t.Context(), Config{
		Store: &history.Store{}, Observer: x, Listener: func(*target.Target) {}, Credentials: x,
		Egress: samplertest.Local(t), Reads: samplertest.MetricFields(),
	})
	for i := range targets {
		tgt := samplertest.TargetAt(fmt.Sprint(i), "127.0.0.1:1")
		tgt.Interval, tgt.Timeout = time.Second, time.Hour
		x.targets = append(x.targets, tgt)
		x.Set(tgt)
	}
	return x
}

func (x *turns) Get(ctx context.Context, tgt *target.Target, _ target.Party) (*credentials.Credentials, error) {
	x.mu.Lock()
	x.counts[tgt.Name]++
	x.mu.Unlock()
	if x.hangs(tgt) {
		<-ctx.Done()
	}
	return nil, &reason.Error{Reason: reason.SecretNotFound}
}

func (x *turns) ReportRejected(*target.Target, target.Party) {}

func (x *turns) Attempted(late, _ time.Duration, _ reason.Reason) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.late = append(x.late, late)
}

func (x *turns) Targets(State, int) {}

func never(*target.Target) bool { return false }

func TestTurnsBeginWhenTheyAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := taking(t, 1000, never)
		<-time.After(20 * time.Second)
		synctest.Wait()
		for n, late := range x.late {
			if late != 0 {
				t.Fatalf("attempt %d begins %v late", n, late)
			}
		}
		for name, count := range x.counts {
			if count < 9 { // every other one, since all fail
				t.Errorf("%d attempts at %s in 20s", count, name)
			}
		}
		x.Stop()
	})
}

// TestTurnsThatHangHoldUpNoOther has most loops hang for good.
func TestTurnsThatHangHoldUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := taking(t, 1000, func(tgt *target.Target) bool { return len(tgt.Name) == 3 && tgt.Name > "100" })
		<-time.After(20 * time.Second)
		synctest.Wait()
		for _, tgt := range x.targets {
			if count, hangs := x.counts[tgt.Name], x.hangs(tgt); hangs && count != 1 || !hangs && count < 9 {
				t.Errorf("%d attempts at %s in 20s; it hangs: %t", count, tgt.Name, hangs)
			}
		}
		for n, late := range x.late {
			if late != 0 {
				t.Fatalf("attempt %d begins %v late", n, late)
			}
		}
		x.Stop()
	})
}

func TestRemovedTargetsTakeNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := taking(t, 100, func(tgt *target.Target) bool { return len(tgt.Name) == 1 })
		<-time.After(10 * time.Second)
		synctest.Wait()
		before := len(x.late)
		for _, tgt := range x.targets {
			x.Remove(tgt)
			x.Remove(tgt) // harmless
		}
		x.wg.Wait() // all have ended at once
		<-time.After(3 * time.Hour)
		synctest.Wait()
		if after := len(x.late); after != before {
			t.Errorf("%d attempts at targets that were removed", after-before)
		}
		x.Stop()
		x.Set(samplertest.TargetAt("late", ""))
		if len(x.loops) != 0 {
			t.Error("a target is sampled after Stop")
		}
	})
}

// TestLoopsThatWaitHaveNoGoroutine keeps what waits for its turn from costing a goroutine each.
func TestLoopsThatWaitHaveNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := runtime.NumGoroutine()
		x := taking(t, 5000, never)
		<-time.After(20*time.Second + tick/2)
		synctest.Wait()
		if more := runtime.NumGoroutine() - before; more > 10 {
			t.Errorf("%d goroutines for loops that wait", more)
		}
		x.Stop()
	})
}
