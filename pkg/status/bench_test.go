package status

import (
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// BenchmarkAttempt is what an attempt costs that changes nothing, from Enqueue to the
// decision to write nothing. The objects are many, so that each must be loaded into the
// processor's cache. What counts is the CPU time of all goroutines.
func BenchmarkAttempt(b *testing.B) {
	w := newFixture(b)
	targets := make([]*target.Target, manyObjects)
	for i := range targets {
		targets[i] = w.quiet("r"+strconv.Itoa(i), 1, func(*target.Target) {})
	}
	defer w.run()()
	for w.controller.term.Load() == nil {
		runtime.Gosched()
	}
	queue := w.controller.term.Load().queue
	settle := func(most int) {
		for queue.Len() > most {
			runtime.Gosched()
		}
	}
	settle(0)
	b.ReportAllocs()
	begin := cpuTime(b)
	for i := 0; b.Loop(); i++ {
		w.controller.Enqueue(targets[i%manyObjects])
		settle(manyObjects / 100)
	}
	settle(0)
	b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
	b.StopTimer()
	if n := len(w.taken()); n != 0 {
		b.Errorf("%d writes", n)
	}
}

// cpuTime is what the process has used so far.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkReconcile is the part of BenchmarkAttempt that is not the queue's, for objects
// of several kinds.
func BenchmarkReconcile(b *testing.B) {
	plain := func(*target.Target) {}
	for _, kind := range []struct {
		name   string
		nodes  int
		detail func(*target.Target)
	}{
		{"plain", 1, plain},
		{"six nodes", 6, plain},
		{"detailed", 1, func(t *target.Target) {
			t.Auth = &target.Auth{}
			t.Declared = []target.Declared{{Name: "length", Probe: probe.List("a")}}
			t.Fallbacks = map[string]*target.Fallback{"length": lastValue(20 * time.Second)}
		}},
	} {
		b.Run(kind.name, func(b *testing.B) {
			w := newFixture(b)
			targets := make([]*target.Target, manyObjects)
			for i := range targets {
				targets[i] = w.quiet("r"+strconv.Itoa(i), kind.nodes, kind.detail)
			}
			r := newTerm(w.controller)
			defer r.queue.ShutDown()
			for _, t := range targets {
				r.reconcile(b.Context(), t.NamespacedName)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.reconcile(b.Context(), targets[i%manyObjects].NamespacedName)
			}
			if n := len(w.taken()); n != 0 {
				b.Errorf("%d writes", n)
			}
		})
	}
}

// quiet adds an object whose status shows what is known, and whose numbers are not due.
func (w *fixture) quiet(name string, nodes int, detail func(*target.Target)) *target.Target {
	r := w.add(name, types.UID(name))
	w.remove(r)
	detail(r)
	r.MaxAge = time.Hour
	w.set(r)
	for i := range 3 {
		sampled := make([]history.Node, nodes)
		for n := range sampled {
			s := newServer()
			s.runID = name + strconv.Itoa(n)
			sampled[n] = history.Node{
				Address: strconv.Itoa(n) + r.Address, At: time.Now().Add(time.Duration(i-2) * r.Interval), RoundTrip: time.Millisecond, Info: s.info(1 + i),
			}
		}
		w.store.Get(r.ID()).Record(history.NewSample([]probe.Result{{Value: 1}}, sampled...))
	}
	r.Status = w.computed(r)
	r.Status.Summary = w.controller.summary(w.store.Get(r.ID()), 0, time.Now())
	return r
}
