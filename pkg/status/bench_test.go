package status

import (
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// BenchmarkAttempt is what an attempt costs that changes nothing, from Enqueue to the
// decision to write nothing. The objects are many, so that each must be loaded into the
// processor's cache. What counts is the CPU time of all goroutines.
func BenchmarkAttempt(b *testing.B) {
	w := newFixture(b)
	targets := make([]*target.Target, manyObjects)
	for i := range targets {
		targets[i] = w.quiet("r" + strconv.Itoa(i))
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

// quiet adds an object whose status shows what is known, and whose numbers are not due.
func (w *fixture) quiet(name string) *target.Target {
	r := w.add(name, types.UID(name))
	r.MaxAge = time.Hour
	w.set(r)
	for i := range 3 {
		at := time.Now().Add(time.Duration(i-2) * r.Interval)
		w.store.Get(r.ID()).Record(history.NewSample(nil, history.Node{Address: r.Address, At: at, RoundTrip: time.Millisecond, Info: newServer().info(1 + i)}))
	}
	r.Status = w.computed(r)
	r.Status.Summary = w.controller.numbers.summary(w.store.Get(r.ID()), 0, time.Now())
	return r
}
