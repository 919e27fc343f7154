package app

import (
	"context"
	"errors"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"k8s.io/klog/v2"
)

// memoryShare is the part of the container's memory limit that the garbage
// collector keeps to. The rest is for what it does not count.
const memoryShare = 0.9

// Memory grows by so many hundredths of what is kept until garbage is collected. The least
// is below Go's own 100, since what many objects keep is most of all memory and what a
// sample leaves is little. The most bounds it while much is asked.
const leastGrowth, mostGrowth = 60, 300

// collectedEvery is how far apart collections are to be. Each one goes through all that is
// kept, at the cost of some hundreds of requests where many objects are: while so much is
// asked that there would be one each second, memory may grow further.
const collectedEvery = 4 * time.Second

// paceEvery is how often it is looked at how much garbage there is, and the most of so
// many looks counts.
const paceEvery, paceLooks = time.Second, 10

// tuneGC sets GOGC by how much is kept and how fast garbage comes, until ctx ends
// (BenchmarkGCPercent). What the environment sets stays, and a limit of memory comes
// before it.
func tuneGC(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	heap := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(heap)
	ticker := time.NewTicker(paceEvery)
	defer ticker.Stop()
	var made [paceLooks]uint64
	for look, set := 0, 0; ; look++ {
		before := heap[1].Value.Uint64()
		metrics.Read(heap)
		made[look%paceLooks] = heap[1].Value.Uint64() - before
		if growth := gcPercent(heap[0].Value.Uint64(), slices.Max(made[:])); growth != set {
			debug.SetGCPercent(growth)
			set = growth
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// gcPercent is by how many hundredths memory may grow where so many bytes are kept, and
// so many are made from one look to the next. It goes by twenties, so that it seldom
// changes.
func gcPercent(live, made uint64) int {
	const step = 20
	wanted := made * uint64(collectedEvery/paceEvery) * 100 / max(live, 1)
	return max(leastGrowth, int(min(wanted, mostGrowth))/step*step)
}

// limitMemory sets GOMEMLIMIT by the memory limit of the cgroup, so that the garbage
// collector works harder before the kernel ends the process. What the environment
// sets stays.
func limitMemory(ctx context.Context) {
	limit, err := memlimit.Set(memlimit.WithRatio(memoryShare))
	logger := klog.FromContext(ctx)
	switch {
	case errors.Is(err, memlimit.ErrNoCgroup), errors.Is(err, memlimit.ErrCgroupsNotSupported):
		logger.V(1).Info("This process has no cgroup that could limit its memory")
	case err != nil:
		logger.Error(err, "The memory limit of this process cannot be read")
	case limit < math.MaxInt64:
		logger.Info("The garbage collector keeps to a memory limit", "bytes", limit)
	}
}

// started is after how long nothing runs any more that only the start needs.
const started = 30 * time.Second

// returnMemory gives back, once, what only the start needed.
func returnMemory(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(started):
	}
	debug.FreeOSMemory()
	if err := unmapProgram(); err != nil {
		klog.FromContext(ctx).V(1).Info("What only the start needed of the program stays in memory", "reason", err)
	}
}
