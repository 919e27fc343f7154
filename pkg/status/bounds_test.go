package status

import (
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

const manyObjects = 10_000

// many adds objects that differ in name only, so that one attempt speaks for
// all: what is tested is how their writes are bounded. Each namespace has as many as
// may be written at once.
func (w *fixture) many(count int) []*target.Target {
	var targets []*target.Target
	for n := range count {
		t := &target.Target{
			NamespacedName: types.NamespacedName{Namespace: "team-" + strconv.Itoa(n/namespaceBurst), Name: "r" + strconv.Itoa(n)},
			UID:            "1", Generation: 1, Address: "r.example:6379",
			Interval: 5 * time.Minute, Timeout: time.Second, Window: 15 * time.Minute, MaxAge: 10 * time.Minute,
			Status: &v1alpha1.RedisStatus{},
		}
		w.set(t)
		targets = append(targets, t)
	}
	return targets
}

func (w *fixture) sampledAll(targets []*target.Target) {
	for _, one := range targets {
		w.writer.Sampled(one)
	}
	synctest.Wait()
}

// checkBounds counts the writes to each object and to all in each second.
func checkBounds(t *testing.T, writes []wrote, perSecond, burst int) {
	t.Helper()
	if len(writes) == 0 {
		t.Error("nothing was written")
		return
	}
	last := map[types.NamespacedName]time.Time{}
	start := writes[0].at
	for n, one := range writes {
		if before, ok := last[one.name]; ok && one.at.Sub(before) < objectGap {
			t.Fatalf("%s was written after %s", one.name, one.at.Sub(before))
		}
		last[one.name] = one.at
		if allowed := burst + perSecond*int(one.at.Sub(start)/time.Second+1); n+1 > allowed {
			t.Fatalf("%d writes in %s, more than %d", n+1, one.at.Sub(start), allowed)
		}
	}
}

func TestNumbersOfManyObjectsForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		targets := w.many(manyObjects)
		stop := w.lead()
		defer func() { stop() }()
		s := newServer()
		sample := func(rounds int) {
			for range rounds {
				s.clients = 1000 - s.clients
				w.answer(targets[0], s)
				w.sampledAll(targets)
				pass(5 * time.Minute)
			}
		}
		sample(4) // until the conditions of all are written
		for _, one := range targets {
			if w.says(one) != ready {
				t.Fatalf("%s says %q after 20 minutes", one.NamespacedName, w.says(one))
			}
		}
		w.taken()
		sample(12)
		writes := w.taken()
		t.Logf("%d writes in an hour", len(writes))
		checkBounds(t, writes, numbersPerSecond, numbersBurst)
		if least := numbersPerSecond * 3600 * 9 / 10; len(writes) < least {
			t.Errorf("only %d writes of numbers in an hour, want %d", len(writes), least)
		}
		objects := map[types.NamespacedName]int{}
		for _, one := range writes {
			objects[one.name]++
		}
		for _, one := range targets {
			if times := objects[one.NamespacedName]; times < 2 || times > 5 {
				t.Fatalf("%s was written %d times: turns are not even", one.NamespacedName, times)
			}
		}
		// All servers fail at once, while numbers wait.
		w.fail(targets[0], refused())
		w.sampledAll(targets)
		pass(time.Duration((manyObjects-urgentBurst)/urgentPerSecond+1) * time.Second)
		checkBounds(t, w.taken(), urgentPerSecond+numbersPerSecond, urgentBurst+numbersBurst)
		for _, one := range targets {
			if condition(w.status(one), "Reachable").Status != "False" {
				t.Fatalf("%s says %q long after the failure", one.NamespacedName, w.says(one))
			}
		}
	})
}

func TestConditionsThatFlapAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		targets := w.many(300)
		defer w.lead()()
		s := newServer()
		for n := range 120 {
			if n%2 == 0 {
				w.answer(targets[0], s)
			} else {
				w.fail(targets[0], refused())
			}
			w.sampledAll(targets)
			pass(500 * time.Millisecond)
		}
		writes := w.taken()
		t.Logf("%d writes in a minute", len(writes))
		checkBounds(t, writes, urgentPerSecond+numbersPerSecond, urgentBurst+numbersBurst)
	})
}

// TestObjectsOfANamespaceTakeTurns has servers of one namespace fail at every other attempt.
func TestObjectsOfANamespaceTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		var restless []*target.Target
		for n := range 2 * namespaceBurst {
			restless = append(restless, w.addIn("restless", "r"+strconv.Itoa(n), "1"))
		}
		calm := w.addIn("calm", "r", "1")
		defer w.lead()()
		const seconds = 600
		for n := range seconds {
			s := newServer()
			for _, one := range restless {
				if n%2 == 0 {
					w.answer(one, s)
				} else {
					w.fail(one, refused())
				}
				w.writer.Sampled(one)
			}
			pass(time.Second)
		}
		written, all := map[types.NamespacedName]int{}, 0
		for _, one := range w.taken() {
			if one.name != calm.NamespacedName {
				written[one.name]++
				all++
			}
		}
		if most := namespaceBurst + namespacePerSecond*seconds + 1; all > most {
			t.Errorf("%d writes in %d s, want at most %d", all, seconds, most)
		}
		for _, one := range restless {
			if got := written[one.NamespacedName]; got < 2 {
				t.Errorf("%s was written %d times: turns are not even", one.NamespacedName, got)
			}
		}
		w.answer(calm, newServer())
		w.writer.Sampled(calm)
		pass(time.Second)
		if condition(w.status(calm), "Reachable").Status != "True" {
			t.Errorf("an object of another namespace says %q", w.says(calm))
		}
	})
}

func TestFewObjectsAreRefreshedEachMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		defer w.lead()()
		s := newServer()
		sample := func(attempts int) {
			for range attempts {
				w.answer(r, s)
				pass(5 * time.Second)
			}
		}
		sample(3)
		w.taken()
		sample(12 * 10)
		if got := len(w.taken()); got < 9 || got > 10 {
			t.Errorf("%d writes of unchanged numbers in 10 minutes, want one a minute", got)
		}
		for range 120 {
			s.clients = 1000 - s.clients
			sample(1)
		}
		if got := len(w.taken()); got < 9 || got > 10 {
			t.Errorf("%d writes of changing numbers in 10 minutes, want one a minute", got)
		}
	})
}

// healthy is an object whose status shows what is known, and the attempts that led to it.
func (w *fixture) healthy() (*object, *target.Target) {
	r := w.add("r", "1")
	r.MaxAge = time.Hour
	w.set(r)
	o := newObject(r, time.Now())
	for ago := 2; ago >= 0; ago-- {
		at := time.Now().Add(-time.Duration(ago) * r.Interval)
		w.store.Get(r.ID()).Record(history.NewSample(nil, history.Node{Address: r.Address, At: at, RoundTrip: time.Millisecond, Info: newServer().info(3 - ago)}))
	}
	r.Status = w.writer.statusOf(o, r)
	o.wroteAt = time.Now().Add(time.Hour)
	return o, r
}

func BenchmarkExamine(b *testing.B) {
	w := newFixture(b)
	o, r := w.healthy()
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		w.writer.compare(o, r, now, false)
	}
}

// BenchmarkSampled is what the notice of an attempt costs that ended as the one before.
func BenchmarkSampled(b *testing.B) {
	w := newFixture(b)
	_, r := w.healthy()
	defer w.run()()
	for !w.writer.upToDate(r) {
		runtime.Gosched()
	}
	b.ReportAllocs()
	for b.Loop() {
		w.writer.Sampled(r)
	}
}
