package status

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTakeoverRewritesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		forgets bool // whether the new leader has no samples, as after a restart
	}{
		"by a replica that samples": {},
		"by a restarted adapter":    {forgets: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newFixture(t)
				r := w.add("r", "1")
				stop := w.lead()
				s := newServer()
				for range 4 {
					w.answer(r, s)
					pass(5 * time.Second)
				}
				stop()
				w.expect("first leader", r, ready, 3, "Normal Sampled")
				w.controller = w.newController()
				if test.forgets {
					now, _ := w.Get(r.NamespacedName)
					w.store.Close(now.ID())
					w.set(now)
				}
				defer w.lead()()
				for range 4 {
					pass(5 * time.Second)
					w.answer(r, s)
				}
				synctest.Wait()
				w.expect("second leader", r, ready, 0, "")
			})
		})
	}
}

func TestTakeoverBelievesTheOldStatusForAWhileOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		stop := w.lead()
		w.answer(r, newServer())
		pass(5 * time.Second)
		w.answer(r, newServer())
		pass(5 * time.Second)
		stop()
		w.expect("first leader", r, ready, 3, "Normal Sampled")
		now, _ := w.Get(r.NamespacedName)
		w.store.Close(now.ID())
		w.set(now)
		w.controller = w.newController()
		defer w.lead()()
		pass(10 * time.Second)
		w.expect("no attempt for 10 s", r, ready, 0, "")
		pass(2 * time.Second)
		w.expect("no attempt for 12 s", r, notSampled, 1, "")
		w.fail(r, refused())
		pass(time.Second)
		w.expect("own failure", r, down, 1, "Warning ConnectionRefused")
	})
}
