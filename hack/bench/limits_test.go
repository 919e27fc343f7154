package bench

import (
	"context"
	"flag"
	"syscall"
	"testing"
	"time"
)

const (
	// perGeneration is how many objects are created before as many of the generation before are deleted.
	perGeneration = 1000
	// mostGrowth is by how much what the adapter holds may grow between a tenth of the churn and all of it.
	mostGrowth = 1.1
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
	brief := map[string]any{"interval": "1s", "timeout": "1s", "window": "5s", "maxAge": "5s"}
	began, early := h.held(), held{}
	for n := 0; n < *churned; n += perGeneration {
		h.create(n+perGeneration, func(n int) map[string]any { return map[string]any{"address": h.address(n), "sampling": brief} })
		h.delete(max(0, n-perGeneration), n)
		if n == *churned/10 {
			early = h.held()
		}
		if n%(*churned/20) == 0 {
			say("%d of %d objects", n, *churned)
		}
	}
	late := h.held()
	h.Add("objects created and deleted", float64(*churned), "")
	h.Add("attempts for each", late.attempts/float64(*churned), "").AtLeast(1)
	h.Add("attempts failed", late.failed, "")
	h.Add("growth of resident memory", late.mebibytes/early.mebibytes, "x").AtMost(mostGrowth)
	h.Add("growth of goroutines", late.goroutines/early.goroutines, "x").AtMost(mostGrowth)
	h.Add("growth of open files", late.files/early.files, "x").AtMost(mostGrowth)
	h.delete(h.objects-perGeneration, h.objects)
	var none held
	h.until(time.Minute, time.Second, func(context.Context) (bool, error) {
		none = h.held()
		return none.files <= began.files+10, nil
	})
	h.Add("goroutines without any, beyond those at the start", none.goroutines-began.goroutines, "").AtMost(10)
	h.Add("resident without any", none.mebibytes, "MiB")
}

// held is what an adapter holds, and what it has done.
type held struct{ mebibytes, goroutines, files, failed, attempts float64 }

// held collects the garbage before it looks.
func (h *harness) held() held {
	h.b.Helper()
	_, err := h.caller.get(h.b.Context(), "/debug/pprof/heap?gc=1")
	check(h.b, err)
	own := h.scrape()
	failed, attempts := samples(own)
	return held{h.resident() / mebibyte, own.Sum("go_goroutines", nil), own.Sum("process_open_fds", nil), failed, attempts}
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
