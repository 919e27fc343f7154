package status

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

const manyObjects = 10_000

// many adds objects that differ in name only, so that one attempt speaks for
// all: what is tested is how their writes are bounded. A namespace has so few that its
// own bound does not matter.
func (w *fixture) many(count int) []*target.Target {
	var targets []*target.Target
	for n := range count {
		t := &target.Target{
			NamespacedName: types.NamespacedName{Namespace: "team-" + strconv.Itoa(n/50), Name: "r" + strconv.Itoa(n)},
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
		w.controller.Enqueue(one)
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
		pass(time.Duration((manyObjects-conditionsBurst)/conditionsPerSecond+1) * time.Second)
		checkBounds(t, w.taken(), conditionsPerSecond+numbersPerSecond, conditionsBurst+numbersBurst)
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
		checkBounds(t, writes, conditionsPerSecond+numbersPerSecond, conditionsBurst+numbersBurst)
	})
}

// TestObjectsOfANamespaceShareItsWrites has servers of one namespace fail at every other attempt.
func TestObjectsOfANamespaceShareItsWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		var restless []*target.Target
		for i := range 200 {
			restless = append(restless, w.addIn("restless", "r"+strconv.Itoa(i), types.UID(strconv.Itoa(i))))
		}
		quiet, other := w.addIn("restless", "quiet", "quiet"), w.addIn("other", "r", "other")
		defer w.lead()()
		const seconds = 900
		for second := range seconds {
			s := newServer()
			for _, one := range restless {
				if second%2 == 0 {
					w.answer(one, s)
				} else {
					w.fail(one, refused())
				}
			}
			if second%5 == 0 && second < seconds-3 {
				w.answer(quiet, s)
			}
			pass(time.Second)
		}
		written, all := map[types.NamespacedName]int{}, 0
		for _, one := range w.taken() {
			if one.name != other.NamespacedName {
				written[one.name]++
				all++
			}
		}
		if most := namespaceBurst + seconds/int(namespaceGap/time.Second) + 1; all > most || all < most*9/10 {
			t.Errorf("%d writes in %d s, want at most %d, and most of them used", all, seconds, most)
		}
		for _, one := range restless {
			if got := written[one.NamespacedName]; got < 2 {
				t.Errorf("%s was written %d times: shares are not even", one.NamespacedName, got)
			}
		}
		w.fail(quiet, refused())
		w.answer(other, newServer())
		pass(2 * time.Second)
		if condition(w.status(quiet), v1alpha1.ConditionReachable).Status != "False" {
			t.Errorf("an object that was quiet says %q", w.says(quiet))
		}
		if condition(w.status(other), v1alpha1.ConditionReachable).Status != "True" {
			t.Errorf("an object of another namespace says %q", w.says(other))
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

// TestNumbersOfANamespaceLeaveRoomForConditions has the numbers of 200 objects of one
// namespace change at each attempt, more than may be written.
func TestNumbersOfANamespaceLeaveRoomForConditions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		var targets []*target.Target
		for i := range 200 {
			targets = append(targets, w.addIn("busy", "r"+strconv.Itoa(i), types.UID(strconv.Itoa(i))))
		}
		defer w.lead()()
		s := newServer()
		sample := func(targets []*target.Target, attempts int) {
			for range attempts {
				s.clients = 1000 - s.clients
				for _, r := range targets {
					w.answer(r, s)
				}
				pass(5 * time.Second)
			}
		}
		sample(targets, 30*60/5)
		failing := targets[0]
		expires := time.Now().Add(failing.MaxAge - 5*time.Second)
		w.fail(failing, refused())
		sample(targets[1:], 2)
		w.taken()
		for condition(w.status(failing), v1alpha1.ConditionReady).Status != "False" {
			pass(100 * time.Millisecond)
			if time.Since(expires) > 10*time.Minute {
				break
			}
		}
		if late := time.Since(expires); late > 2*time.Second {
			t.Errorf("Ready=False was written %s after the newest sample expired", late)
		}
	})
}

func TestLimitsAreAsDocumented(t *testing.T) {
	const file = "../../deploy/docs/security.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("| a message of a condition or an Event | %d bytes", maxMessage),
		fmt.Sprintf("| %d at once, and one in %d s after that |", namespaceBurst, int(namespaceGap.Seconds())),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %q", file, want)
		}
	}
}
