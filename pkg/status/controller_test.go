package status

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const (
	ready      = "Ready=True/Sampled Reachable=True/Answered"
	warmingUp  = "Ready=Unknown/WarmingUp Reachable=True/Answered"
	notSampled = "Ready=Unknown/NotSampled Reachable=Unknown/NotSampled"
	down       = "Ready=False/ConnectionRefused Reachable=False/ConnectionRefused"
)

func TestLifeOfAnObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		defer w.lead()()
		s := newServer()
		w.expect("new object", r, notSampled, 1, "")

		pass(2 * time.Second)
		w.answer(r, s)
		synctest.Wait()
		w.expect("one sample", r, warmingUp, 1, "")

		pass(5 * time.Second)
		s.gets += 500
		w.answer(r, s)
		synctest.Wait()
		w.expect("two samples", r, ready, 1, "Normal Sampled")
		got, _ := w.Get(r.NamespacedName)
		if s := got.Status.Summary; s == nil || s.RequestsPerSecond != "100" || *s.ConnectedClients != 7 || s.UsedMemory != "1.5Mi" {
			t.Errorf("summary is %+v", s)
		}
		if n := got.Status.Nodes; len(n) != 1 || n[0].Role != "primary" || n[0].Version != "8.0.0" || n[0].LastSampleTime == nil || n[0].LastError != "" {
			t.Errorf("nodes are %+v", n)
		}
		became := condition(got.Status, v1alpha1.ConditionReady).LastTransitionTime

		pass(5 * time.Second)
		w.fail(r, refused())
		synctest.Wait()
		w.expect("first failure", r, "Ready=True/Sampled Reachable=False/ConnectionRefused", 1, "Warning ConnectionRefused")
		got, _ = w.Get(r.NamespacedName)
		if c := condition(got.Status, v1alpha1.ConditionReady); !c.LastTransitionTime.Equal(&became) {
			t.Errorf("Ready stayed True and changed lastTransitionTime from %s to %s", became, c.LastTransitionTime)
		}
		if n := got.Status.Nodes; len(n) != 1 || n[0].LastError == "" || n[0].Role != "primary" {
			t.Errorf("nodes are %+v", n)
		}

		pass(5 * time.Second)
		w.fail(r, refused())
		pass(4 * time.Second)
		w.expect("more failures, before maxAge", r, "Ready=True/Sampled Reachable=False/ConnectionRefused", 0, "")
		pass(1100 * time.Millisecond)
		w.expect("maxAge", r, down, 1, "Warning ConnectionRefused")
		got, _ = w.Get(r.NamespacedName)
		if got.Status.Summary != nil {
			t.Errorf("summary of no current sample: %+v", got.Status.Summary)
		}
		pass(time.Minute)
		w.fail(r, refused())
		pass(time.Minute)
		w.expect("still down", r, down, 0, "")
	})
}

func TestRestartOfRedis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		defer w.lead()()
		s := newServer()
		w.fail(r, refused())
		pass(time.Minute)
		w.expect("down", r, down, 2, "Warning ConnectionRefused")

		s.runID = "b"
		w.answer(r, s)
		synctest.Wait()
		w.expect("back", r, warmingUp, 1, "")
		pass(5 * time.Second)
		w.answer(r, s)
		synctest.Wait()
		w.expect("ready again", r, ready, 1, "Normal Sampled")
		s.runID = "c"
		pass(5 * time.Second)
		w.answer(r, s)
		synctest.Wait()
		w.expect("restart between two attempts", r, warmingUp, 1, "")
	})
}

func TestReadyExpiresWithoutAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		defer w.lead()()
		w.answer(r, newServer())
		pass(5 * time.Second)
		w.answer(r, newServer())
		pass(time.Second)
		w.taken()
		w.takenEvents()
		pass(13900 * time.Millisecond)
		w.expect("before maxAge", r, ready, 0, "")
		pass(200 * time.Millisecond)
		w.expect("at maxAge", r, "Ready=False/Stale Reachable=True/Answered", 1, "Warning Stale")
	})
}

func TestSpecChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		defer w.lead()()
		w.answer(r, newServer())
		pass(5 * time.Second)
		w.answer(r, newServer())
		pass(5 * time.Second)
		w.expect("before", r, ready, 3, "Normal Sampled")
		now, _ := w.Get(r.NamespacedName)
		changed := *now
		changed.Generation, changed.Address = 2, "other.example:6379"
		w.set(&changed)
		w.controller.Enqueue(&changed)
		synctest.Wait()
		w.expect("new spec", r, notSampled, 1, "")
		now, _ = w.Get(r.NamespacedName)
		if s := now.Status; s.ObservedGeneration != 2 || condition(s, v1alpha1.ConditionReady).ObservedGeneration != 2 || s.Summary != nil || len(s.Nodes) != 0 {
			t.Errorf("status is %+v", s)
		}
	})
}

func TestWatchBehindTheLastWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		w.lag = 20 * time.Second
		r := w.add("r", "1")
		defer w.lead()()
		for range 3 {
			w.answer(r, newServer())
			pass(5 * time.Second)
		}
		if got := len(w.taken()); got != 3 {
			t.Errorf("%d writes, want 3: not sampled, warming up, ready", got)
		}
		if got := w.takenEvents(); got != "Normal Sampled" {
			t.Errorf("Events %q", got)
		}
		for range 6 {
			w.answer(r, newServer())
			pass(5 * time.Second)
		}
		w.expect("later", r, ready, 0, "")
	})
}

func TestForeignWriteIsUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		defer w.lead()()
		w.fail(r, refused())
		pass(2 * time.Second)
		w.expect("before", r, down, 2, "Warning ConnectionRefused")
		now, _ := w.Get(r.NamespacedName)
		edited := *now
		edited.Status = &v1alpha1.RedisStatus{}
		w.set(&edited)
		w.controller.Enqueue(&edited)
		pass(2 * time.Second)
		w.expect("after", r, down, 1, "Warning ConnectionRefused")
	})
}

func TestNotElected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		w.answer(r, newServer())
		w.lead()()
		w.taken()
		w.answer(r, newServer())
		pass(time.Minute)
		if n := len(w.taken()); n != 0 {
			t.Errorf("%d writes by a replica that does not lead", n)
		}
	})
}

func TestObjectDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		defer w.lead()()
		w.answer(r, newServer())
		w.taken()
		w.remove(r)
		pass(time.Hour)
		w.expect("deleted", r, "gone", 0, "")
	})
}

func TestObjectRecreatedBehindTheWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		defer w.lead()()
		w.answer(r, newServer())
		pass(5 * time.Second)
		w.setErr(&otherObjectError{uid: "2"})
		w.taken()
		w.answer(r, newServer())
		pass(time.Second)
		misled := w.taken()
		if len(misled) != 1 || brief(misled[0].status) != ready {
			t.Fatalf("wrote %+v", misled)
		}
		w.setErr(nil)
		w.remove(r)
		again := w.add("r", "2")
		again.Status = misled[0].status
		w.controller.Enqueue(again)
		synctest.Wait()
		w.expect("the new object with the old one's status", again, notSampled, 1, "")
	})
}

func TestFailingAPIServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		w.err = errors.New("the API server is away")
		r := w.add("r", "1")
		defer w.lead()()
		for range 60 {
			w.answer(r, newServer())
			pass(time.Second)
		}
		tries := w.taken()
		if len(tries) < 5 || len(tries) > 7 {
			t.Errorf("%d tries in a minute, want about 6", len(tries))
		}
		for n := 2; n < len(tries); n++ {
			if a, b := tries[n-1].at.Sub(tries[n-2].at), tries[n].at.Sub(tries[n-1].at); b < a {
				t.Errorf("waited %s, then %s", a, b)
			}
		}
		w.setErr(nil)
		pass(lastRetry + lastRetry/4)
		if got := w.says(r); got != "Ready=False/Stale Reachable=True/Answered" {
			t.Errorf("after the failure status says %q", got)
		}
		if got := len(w.taken()); got < 1 || got > 2 {
			t.Errorf("%d writes, want one for each change since", got)
		}
	})
}

func TestRoleAndVersionAreWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		defer w.lead()()
		s := newServer()
		w.answer(r, s)
		pass(5 * time.Second)
		w.answer(r, s)
		pass(5 * time.Second)
		w.taken()
		s.version = "8.2.0"
		w.answer(r, s)
		synctest.Wait()
		now, _ := w.Get(r.NamespacedName)
		if got := w.taken(); len(got) != 1 || now.Status.Nodes[0].Version != "8.2.0" {
			t.Errorf("wrote %+v", got)
		}
	})
}
