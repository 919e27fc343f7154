package sampler

import (
	"fmt"
	"math"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestLoopSamplesAndEndsWithItsTarget(t *testing.T) {
	server := redistest.New(t)
	m, tgt := managing(t), samplertest.TargetAt("one", server.Addr)
	m.Set(tgt)
	m.Set(tgt) // a change of the object that leaves the spec alone
	m.awaitMore(t, tgt, 3)
	if n := samplertest.Connections(t, server); n != 1 {
		t.Errorf("%d connections for one target, want 1", n)
	}
	if got, err := samplertest.Read(t, m.of(tgt), catalog.RequestsPerSecond); err != nil || got.Value != 0 {
		t.Errorf("requests-per-second of an idle server = %v, %v; want 0", got.Value, err)
	}
	m.Remove(tgt)
	samplertest.Poll(t, "the connection is gone", func() bool { return samplertest.Connections(t, server) == 0 })
	if _, err := m.of(tgt).Latest(time.Now()); err == nil {
		t.Error("a target that was removed is still served")
	}
	m.Remove(tgt) // harmless
	m.Set(tgt)
	m.awaitMore(t, tgt, 2)
	if n := samplertest.Connections(t, server); n != 1 {
		t.Errorf("%d connections for a target that came back, want 1", n)
	}
}

func TestTrafficIsMeasuredWithinFivePerCent(t *testing.T) {
	server := redistest.New(t)
	m, tgt := managing(t), samplertest.TargetAt("traffic", server.Addr)
	m.Set(tgt)
	m.awaitMore(t, tgt, 1)
	const sent = 3000
	for range 10 {
		samplertest.Work(t, server, sent/10, 0)
		m.awaitMore(t, tgt, 1)
	}
	m.awaitMore(t, tgt, 1)
	got, err := samplertest.Read(t, m.of(tgt), catalog.RequestsPerSecond)
	if err != nil {
		t.Fatal(err)
	}
	if counted := got.Value * got.Window.Seconds(); math.Abs(counted-sent) > 0.05*sent {
		t.Errorf("%v requests over %v, want %d", counted, got.Window, sent)
	}
}

func TestTwoTargetsAtOneServerAreApart(t *testing.T) {
	server := redistest.New(t)
	m, a, b := managing(t), samplertest.TargetAt("a", server.Addr), samplertest.TargetAt("b", server.Addr)
	m.Set(a)
	m.Set(b)
	m.awaitMore(t, a, 2)
	m.awaitMore(t, b, 2)
	if n := samplertest.Connections(t, server); n != 2 {
		t.Errorf("%d connections for two targets, want 2", n)
	}
	m.Remove(a)
	samplertest.Poll(t, "one connection is left", func() bool { return samplertest.Connections(t, server) == 1 })
	m.awaitMore(t, b, 2)
	if got, err := samplertest.Read(t, m.of(b), catalog.RequestsPerSecond); err != nil || got.Value != 0 {
		t.Errorf("requests-per-second of the other target = %v, %v; want 0", got.Value, err)
	}
}

func TestServerThatHangsDelaysNoOther(t *testing.T) {
	stopped, healthy := redistest.New(t), redistest.New(t)
	m, slow, fine := managing(t), samplertest.TargetAt("slow", stopped.Addr), samplertest.TargetAt("fine", healthy.Addr)
	slow.Timeout = time.Second
	m.Set(slow)
	m.Set(fine)
	m.awaitMore(t, slow, 1)
	m.awaitMore(t, fine, 1)
	stopped.Signal(syscall.SIGSTOP)
	before := m.count(fine)
	m.await(t, "the stopped server's failure", func() bool {
		err := m.of(slow).Failure()
		return err != nil && reason.Classify(err).Reason == reason.Timeout
	})
	// It took a second, in which the other one has ten beats.
	if n := m.count(fine) - before; n < 4 {
		t.Errorf("the healthy server was sampled %d times while the other one hung for 1s, want about 10", n)
	}
	if err := m.of(fine).Failure(); err != nil {
		t.Errorf("the healthy server failed: %v", err)
	}
}

func TestRemoveClosesAConnectionThatHangs(t *testing.T) {
	server := samplertest.NewStub(t, func([]string) string { return "" })
	m, tgt := managing(t), samplertest.TargetAt("hanging", server.Addr)
	m.Set(tgt)
	server.AwaitAsked(t, "info")
	start := time.Now()
	m.Remove(tgt)
	select {
	case <-server.Closed:
	case <-time.After(samplertest.Ample / 2):
		t.Fatalf("the connection is open %v after Remove", time.Since(start))
	}
}

func TestStopEndsLoopsThatHang(t *testing.T) {
	server := samplertest.NewStub(t, func([]string) string { return "" })
	m := managing(t)
	for _, name := range []string{"a", "b", "c"} {
		m.Set(samplertest.TargetAt(name, server.Addr))
		server.AwaitAsked(t, "info")
	}
	start := time.Now()
	m.Stop()
	if took := time.Since(start); took > samplertest.Ample/2 {
		t.Errorf("Stop took %v, want far less than a timeout of %v", took, samplertest.Ample)
	}
	m.Set(samplertest.TargetAt("late", server.Addr))
	if m.count(samplertest.TargetAt("late", server.Addr)) != 0 {
		t.Error("a target was sampled after Stop")
	}
}

func TestFailuresAreToldAndOvercome(t *testing.T) {
	server := redistest.New(t)
	m, tgt := managing(t), samplertest.TargetAt("back", server.Addr)
	m.Set(tgt)
	m.awaitMore(t, tgt, 2)
	server.Kill()
	m.await(t, "the killed server's failure", func() bool { return m.of(tgt).Failure() != nil })
	if got := reason.Classify(m.of(tgt).Failure()).Reason; got != reason.ConnectionRefused && got != reason.ConnectionLost {
		t.Errorf("the failure is %s, want ConnectionRefused or ConnectionLost", got)
	}
	server.Restart()
	m.await(t, "a sample of the new server", func() bool { return m.of(tgt).Failure() == nil })
	var got catalog.Reading
	m.await(t, "requests-per-second after a restart", func() (known bool) {
		reading, err := samplertest.Read(t, m.of(tgt), catalog.RequestsPerSecond)
		got = reading
		return err == nil
	})
	if got.Value != 0 {
		t.Errorf("requests-per-second after a restart = %v, want 0", got.Value)
	}
}

// TestWarm checks that a Manager is warm once rates are known, and that no server
// can put that off.
func TestWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := managing(t)
		if !m.Ready() {
			t.Error("a Manager without targets is not warm")
		}
	})
	server, killed := redistest.New(t), redistest.New(t)
	killed.Kill()
	m, fine := managing(t), samplertest.TargetAt("fine", server.Addr)
	fine.Interval = time.Second
	m.Set(fine)
	m.Set(samplertest.TargetAt("refused", killed.Addr))
	if m.Ready() {
		t.Error("a Manager is warm before it has sampled")
	}
	samplertest.Poll(t, "it is warm", m.Ready)
	if got := m.count(fine); got < 2 {
		t.Errorf("it is warm after %d attempts at a target, want two", got)
	}
	m.Set(samplertest.TargetAt("new", server.Addr))
	if !m.Ready() {
		t.Error("a Manager is no longer warm once a target appears")
	}
}

func TestWarmIsNotPutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := managing(t)
		begin := time.Now()
		for more := true; more; more = !m.Ready() {
			rare := samplertest.TargetAt(fmt.Sprint("after ", time.Since(begin)), "")
			rare.Interval = 1000 * time.Hour // none of them dials here
			m.Set(rare)
			<-time.After(time.Second)
		}
		if waited := time.Since(begin) - time.Second; waited != WarmUp {
			t.Errorf("it is warm after %v, want %v", waited, WarmUp)
		}
	})
}

func TestObserverIsToldOfTargets(t *testing.T) {
	server := redistest.New(t)
	m, a, b := managing(t), samplertest.TargetAt("a", server.Addr), samplertest.TargetAt("b", server.Addr)
	for _, step := range []struct {
		do   func()
		want int
	}{
		{func() { m.Set(a) }, 1},
		{func() { m.Set(b) }, 2},
		{func() { m.Set(b) }, 2},
		{func() { m.Remove(a) }, 1},
		{func() { m.Remove(a) }, 1},
		{func() { m.Remove(b) }, 0},
	} {
		step.do()
		samplertest.Poll(t, "the observer has heard of all targets", func() bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			return m.targets == step.want
		})
	}
}
