package bench

import (
	"flag"
	"syscall"
	"testing"
	"time"
)

const (
	// perGeneration is how many objects are created before as many of the generation before are deleted.
	perGeneration = 1000
	// mostGrowth is by how much what the adapter holds without any object may grow between a tenth of the churn and all of it.
	mostGrowth = 1.1
	// forgetting is after how long the adapter has forgotten an object: the queue of statuses holds its name until it would
	// have been looked at again. Source: resyncPeriod in pkg/status/writerate.go.
	forgetting = 11 * time.Minute
	// spareFiles is how many files an adapter may have open that are no connections to servers.
	spareFiles = 1000
	// slow is the interval of the most objects.
	slow = 15 * time.Second
)

var churned = flag.Int("churn", 100_000, "how many `objects` to create and delete")

// BenchmarkLimits measures what takes too long for BenchmarkAdapter: objects that come and go, and as many as one replica
// can sample.
func BenchmarkLimits(b *testing.B) {
	makeOutput(b)
	b.Run("churn", measureChurn)
	b.Run("most", measureMost)
}

// measureChurn creates and deletes objects, each of which is sampled meanwhile, and measures what stays of them.
func measureChurn(b *testing.B) {
	h := newHarness(b)
	h.serve(4)
	before := h.held()
	early := h.churn(*churned / 10)
	late := h.churn(*churned)
	h.Add("objects created and deleted", float64(*churned), "")
	h.Add("attempts for each", (late.attempts-before.attempts)/float64(*churned), "").AtLeast(1)
	h.Add("attempts failed", late.failed-before.failed, "")
	h.Add("growth of the heap since a tenth", late.heap/early.heap, "x").AtMost(mostGrowth)
	h.Add("growth of resident memory", late.resident/early.resident, "x")
	h.Add("growth of goroutines", late.goroutines/early.goroutines, "x").AtMost(mostGrowth)
	h.Add("growth of open files", late.files/early.files, "x").AtMost(mostGrowth)
}

// churn creates and deletes objects until there were so many, and returns what is held when all are gone.
func (h *harness) churn(objects int) held {
	h.b.Helper()
	sampling := map[string]any{"interval": "1s", "timeout": "900ms", "window": "5s", "maxAge": "5s"}
	first := h.objects
	for n := first; n < objects; n += perGeneration {
		h.create(n+perGeneration, func(n int) map[string]any { return map[string]any{"address": h.address(n), "sampling": sampling} })
		h.delete(max(first, n-perGeneration), n)
		if n%(*churned/20) == 0 {
			say("%d of %d objects", n, *churned)
		}
	}
	h.delete(h.objects-perGeneration, h.objects)
	say("all are gone, and forgotten in %s", forgetting)
	h.wait(forgetting)
	return h.held()
}

// held is what an adapter holds, and what it has done.
type held struct{ heap, resident, goroutines, files, failed, attempts float64 }

// held collects the garbage before it looks.
func (h *harness) held() held {
	h.b.Helper()
	_, err := h.caller.get(h.b.Context(), "/debug/pprof/heap?gc=1")
	check(h.b, err)
	own := h.scrape()
	failed, attempts := samples(own)
	sum := func(name string) float64 { return own.Sum(name, nil) }
	return held{sum("go_memstats_heap_alloc_bytes"), h.resident(), sum("go_goroutines"), sum("process_open_fds"), failed, attempts}
}

// measureMost samples 50,000 objects, or as many as an adapter may have files open for.
func measureMost(b *testing.B) {
	var files syscall.Rlimit
	check(b, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files))
	objects := min(50_000, (int(files.Max)-spareFiles)/1000*1000)
	h := newHarness(b)
	say("%d objects: a process may have %d files open", objects, files.Max)
	h.populate(objects, map[string]any{"interval": slow.String(), "timeout": "1s", "window": (3 * slow).String(), "maxAge": (3 * slow).String()})
	h.load(slow)
	h.Add("open files", h.held().files, "")
	h.selector()
	h.start(3 * slow)
}
