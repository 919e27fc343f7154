package status

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// attempt is how an attempt at a server with a replica and a declared metric ends.
type attempt struct {
	server  *server
	err     error // of the attempt
	metric  error
	renewal error
	replica bool
	silent  error // of the replica
	shard   string
	slow    time.Duration // the round trip, beside a millisecond
}

func (w *fixture) end(t *target.Target, a attempt) {
	h := w.store.Get(t.ID())
	w.infos++
	nodes := []history.Node{{Address: t.Address, At: time.Now(), RoundTrip: time.Millisecond + a.slow, Shard: a.shard, Info: a.server.info(w.infos), NotRenewed: a.renewal}}
	if a.replica {
		one := history.Node{Address: "replica.example:6379", Replica: true, At: time.Now(), RoundTrip: time.Millisecond, Err: a.silent}
		if a.silent == nil {
			replica := newServer()
			replica.role, replica.runID = "slave", "replica"
			one.Info = replica.info(w.infos)
		}
		nodes = append(nodes, one)
	}
	if a.err != nil {
		h.Fail(a.err, history.Node{Address: t.Address, Err: a.err})
	} else {
		h.Record(history.NewSample([]probe.Result{{Value: 1, Err: a.metric}}, nodes...))
	}
	w.sampled(t)
}

// plain is an object whose conditions follow from its nodes and its samples alone.
func (w *fixture) plain() *target.Target {
	return w.with(func(*target.Target) {})
}

// declaring is a plain object with a declared metric.
func (w *fixture) declaring() *target.Target {
	return w.with(func(r *target.Target) {
		r.Declared = []target.Declared{{Name: "length", Probe: probe.List("a")}}
	})
}

// fallingBack is a plain object with a fallback of a metric of its servers.
func (w *fixture) fallingBack() *target.Target {
	return w.with(func(r *target.Target) {
		r.Fallbacks = map[string]*target.Fallback{catalog.ConnectedClients: lastValue(20 * time.Second)}
	})
}

// detailed is an object that has every condition there is.
func (w *fixture) detailed() *target.Target {
	return w.with(func(r *target.Target) {
		r.Declared = []target.Declared{{Name: "length", Probe: probe.List("a")}}
		r.Fallbacks = map[string]*target.Fallback{"length": lastValue(20 * time.Second)}
	})
}

// with adds an object that has credentials, and what else.
func (w *fixture) with(what func(*target.Target)) *target.Target {
	r := w.add("r", "1")
	r.Auth = &target.Auth{}
	what(r)
	w.set(r)
	return r
}

func calmly(s *server) attempt { return attempt{server: s, replica: true} }

func TestWhatChangesIsWrittenAtOnce(t *testing.T) {
	old := newServer()
	for name, change := range map[string]func(a *attempt){
		"role":                       func(a *attempt) { a.server.role = "slave" },
		"version":                    func(a *attempt) { a.server.version = "8.2.0" },
		"kind of server":             func(a *attempt) { a.server.valkey = "9.1.2" },
		"process":                    func(a *attempt) { a.server.runID = "b" },
		"shard":                      func(a *attempt) { a.shard = "1" },
		"answers slowly":             func(a *attempt) { a.slow = 3 * time.Second },
		"failure":                    func(a *attempt) { a.err = refused() },
		"replica goes":               func(a *attempt) { a.replica = false },
		"replica does not answer":    func(a *attempt) { a.silent = refused() },
		"metric has no value":        func(a *attempt) { a.metric = errors.New("key is of another type") },
		"credentials are not taken":  func(a *attempt) { a.renewal = wrongPassword() },
		"credentials are not tried":  func(a *attempt) { a.renewal = refused() },
		"clients are not told":       func(a *attempt) { a.server.clients = -1 },
		"a version nobody can print": func(a *attempt) { a.server.version = "\x01" },
	} {
		kinds := map[string]func(*fixture) *target.Target{
			"detailed": (*fixture).detailed, "plain": (*fixture).plain, "declaring": (*fixture).declaring, "falling back": (*fixture).fallingBack,
		}
		switch name { // what is news to some objects only
		case "metric has no value":
			delete(kinds, "plain")
			delete(kinds, "falling back")
		case "clients are not told":
			kinds = map[string]func(*fixture) *target.Target{"falling back": (*fixture).fallingBack}
		}
		for kind, made := range kinds {
			t.Run(name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newFixture(t)
					r := made(w)
					defer w.lead()()
					for range 2 {
						w.end(r, calmly(old))
						pass(5 * time.Second)
					}
					w.taken()
					for range 2 {
						w.end(r, calmly(old))
						pass(2 * time.Second)
						if !w.upToDate(r) || len(w.taken()) != 0 {
							t.Fatal("an attempt that changes nothing is written")
						}
					}
					s := *old
					a := calmly(&s)
					change(&a)
					w.end(r, a)
					synctest.Wait()
					if n := len(w.taken()); n != 1 || !w.upToDate(r) {
						t.Errorf("%d writes at once, want one, and status is %+v", n, w.status(r))
					}
					pass(5 * time.Second)
					w.end(r, calmly(old))
					synctest.Wait()
					if !w.upToDate(r) {
						t.Errorf("back again, status is %+v", w.status(r))
					}
				})
			})
		}
	}
}

// ofPlainAndDetailed tests a leading replica with an object that has few conditions, and with one that has all.
func ofPlainAndDetailed(t *testing.T, test func(*testing.T, *fixture, *target.Target)) {
	t.Helper()
	for kind, made := range map[string]func(*fixture) *target.Target{"plain": (*fixture).plain, "detailed": (*fixture).detailed} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newFixture(t)
				r := made(w)
				defer w.lead()()
				test(t, w, r)
			})
		})
	}
}

func TestExpiryIsWrittenThoughNothingChangedBefore(t *testing.T) {
	ofPlainAndDetailed(t, func(t *testing.T, w *fixture, r *target.Target) {
		for range 50 {
			w.end(r, calmly(newServer()))
			pass(5 * time.Second)
		}
		w.taken()
		pass(9900 * time.Millisecond)
		if condition(w.status(r), v1alpha1.ConditionReady).Status != "True" {
			t.Error("not ready before maxAge")
		}
		pass(200 * time.Millisecond)
		if got := condition(w.status(r), v1alpha1.ConditionReady); got.Reason != reasonStale {
			t.Errorf("past maxAge: %+v", got)
		}
		if !r.FallsBack() {
			return
		}
		if got := condition(w.status(r), v1alpha1.ConditionFallbackInUse); got.Status != "True" {
			t.Errorf("past maxAge: %+v", got)
		}
		pass(5 * time.Second)
		if got := condition(w.status(r), v1alpha1.ConditionFallbackInUse); got.Reason != reasonExpired {
			t.Errorf("past for: %+v", got)
		}
	})
}

func TestAForeignServiceIsKnownAtTheNextAttempt(t *testing.T) {
	ofPlainAndDetailed(t, func(t *testing.T, w *fixture, r *target.Target) {
		for range 4 {
			w.end(r, calmly(newServer()))
			pass(5 * time.Second)
		}
		w.foreign = []string{"v1beta2.custom.metrics.k8s.io"}
		w.end(r, calmly(newServer()))
		synctest.Wait()
		if got := condition(w.status(r), v1alpha1.ConditionReady); got.Reason != reasonForeign {
			t.Errorf("status says %+v", got)
		}
	})
}

func TestObjectsWhoseNumbersWaitChangeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		targets := w.many(2000)
		defer w.lead()()
		s := newServer()
		for range 4 {
			s.clients = 1000 - s.clients
			w.answer(targets[0], s)
			w.sampledAll(targets)
			pass(5 * time.Minute)
		}
		s.clients = 1000 - s.clients
		w.answer(targets[0], s)
		w.sampledAll(targets)
		pass(20 * time.Second)
		w.taken()
		s.role = "slave"
		w.answer(targets[0], s)
		w.sampledAll(targets[:50])
		pass(objectGap) // the numbers of one may just have been written
		for _, one := range targets[:50] {
			if role := w.status(one).Nodes[0].Role; role != "replica" {
				t.Errorf("%s shows role %s", one.Name, role)
			}
		}
	})
}

// TestStatusShowsWhatIsKnownAfterEachAttempt lets things happen in a random order.
func TestStatusShowsWhatIsKnownAfterEachAttempt(t *testing.T) {
	for seed := range uint64(120) {
		synctest.Test(t, func(t *testing.T) {
			w := newFixture(t)
			w.lag = []time.Duration{0, time.Second, 20 * time.Second}[seed%3]
			r := []func(*fixture) *target.Target{(*fixture).detailed, (*fixture).plain, (*fixture).fallingBack}[seed/3%3](w)
			defer w.lead()()
			random := rand.New(rand.NewPCG(seed, seed))
			a := calmly(newServer())
			changes := []func(){
				func() { a.server.role = []string{"master", "slave"}[random.IntN(2)] },
				func() { a.server.version = []string{"8.0.0", "8.2.0"}[random.IntN(2)] },
				func() { a.server.runID += "x" },
				func() { a.server.clients = random.Int64N(1000) - 200 },
				func() { a.err = []error{nil, refused(), wrongPassword()}[random.IntN(3)] },
				func() { a.slow = time.Duration(random.IntN(3)) * time.Second },
				func() { a.metric = []error{nil, errors.New("no")}[random.IntN(2)] },
				func() { a.renewal = []error{nil, wrongPassword()}[random.IntN(2)] },
				func() { a.replica = !a.replica },
				func() { a.silent = []error{nil, refused()}[random.IntN(2)] },
				func() { w.foreign = [][]string{nil, {"v1beta2.custom.metrics.k8s.io"}}[random.IntN(2)] },
				func() {
					now, _ := w.Get(r.NamespacedName)
					edited := *now
					edited.Generation++
					w.set(&edited)
					w.controller.Enqueue(&edited)
					r = &edited
				},
			}
			var last wrote
			taken := func() {
				for _, one := range w.taken() {
					last = one
				}
			}
			for range 200 {
				pass(time.Duration(random.Int64N(int64(7 * time.Second))))
				switch random.IntN(9) {
				case 0, 1, 2:
					changes[random.IntN(len(changes))]()
				case 3: // all is well again: what changes then is seen among attempts that change nothing
					w.foreign, a = nil, attempt{server: a.server, replica: a.replica}
					a.server.clients = 7
				}
				w.end(r, a)
				synctest.Wait()
				taken()
				if wait := objectGap - time.Since(last.at); wait > 0 {
					pass(wait)
				}
				if taken(); !sameConditions(last.status, w.computedOver(r, last.status)) {
					t.Fatalf("seed %d: status is %+v after %+v", seed, last.status, a)
				}
			}
		})
	}
}

// TestNoNoticeIsLostWhileObjectsAreLookedAt has attempts end at the instants of looks, on many goroutines.
func TestNoNoticeIsLostWhileObjectsAreLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		var targets []*target.Target
		for n := range 30 {
			targets = append(targets, w.addIn("team-"+strconv.Itoa(n), "r", types.UID(strconv.Itoa(n))))
		}
		defer w.lead()()
		for round := range 60 {
			var ending sync.WaitGroup
			for n, one := range targets {
				ending.Go(func() {
					random := rand.New(rand.NewPCG(uint64(round), uint64(n)))
					s := newServer()
					for attempt := range 4 {
						s.role = []string{"master", "slave"}[random.IntN(2)]
						w.store.Get(one.ID()).Record(history.NewSample(nil, history.Node{Address: one.Address, At: time.Now(), RoundTrip: time.Millisecond, Info: s.info(4*round + attempt)}))
						w.sampled(one)
						if random.IntN(2) == 0 {
							runtime.Gosched()
						}
					}
				})
			}
			ending.Wait()
			pass(objectGap)
			for _, one := range targets {
				if !w.upToDate(one) {
					t.Fatalf("round %d: %s stays %+v", round, one.Name, w.status(one))
				}
			}
			pass(time.Second)
		}
	})
}
