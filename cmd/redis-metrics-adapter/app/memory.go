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

// memoryShare is the part of the container's memory limit that the garbage collector
// targets. The rest is for memory that it does not count.
const memoryShare = 0.9

// GOGC is kept between these percentages. The least is below Go's default of 100, because
// with many objects most memory is in use, and a sample leaves little garbage. The most
// bounds it while there are many requests.
const leastGrowth, mostGrowth = 60, 300

// collectedEvery is the desired time between collections. With many objects, each costs as
// much as some hundreds of requests. If requests would cause one each second, memory may
// grow further.
const collectedEvery = 4 * time.Second

// paceEvery is how often the rate of garbage is measured. The largest of several
// measurements counts.
const paceEvery, paceLooks = time.Second, 10

// tuneGC adapts GOGC to the memory in use and the rate of garbage, until ctx ends
// (BenchmarkGCPercent). It does nothing if the environment sets GOGC. A memory limit
// takes precedence.
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

// gcPercent returns GOGC for the bytes in use, and the bytes of garbage between two
// measurements, in steps of 20, so that it seldom changes.
func gcPercent(live, made uint64) int {
	const step = 20
	wanted := made * uint64(collectedEvery/paceEvery) * 100 / max(live, 1)
	return max(leastGrowth, int(min(wanted, mostGrowth))/step*step)
}

// limitMemory sets GOMEMLIMIT from the memory limit of the cgroup, so the garbage
// collector works harder before the kernel ends the process. It does nothing if the
// environment sets GOMEMLIMIT.
func limitMemory(ctx context.Context) {
	limit, err := memlimit.Set(memlimit.WithRatio(memoryShare))
	logger := klog.FromContext(ctx)
	switch {
	case errors.Is(err, memlimit.ErrNoCgroup), errors.Is(err, memlimit.ErrCgroupsNotSupported):
		logger.V(1).Info("This process has no cgroup that could limit its memory")
	case err != nil:
		logger.Error(err, "The memory limit of this process cannot be read")
	case limit < math.MaxInt64:
		logger.Info("Limited the memory for the garbage collector", "bytes", limit)
	}
}

// started is after how long everything that only the start needs has ended.
const started = 30 * time.Second

// returnMemory returns to the system, once, the memory that only the start needed.
func returnMemory(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(started):
	}
	debug.FreeOSMemory()
	if err := unmapProgram(); err != nil {
		klog.FromContext(ctx).V(1).Info("Cannot release the memory of code that only the start needed", "reason", err)
	}
}
