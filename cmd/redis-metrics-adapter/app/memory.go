package app

import (
	"context"
	"errors"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"k8s.io/klog/v2"
)

// memoryShare is the part of the container's memory limit that the garbage
// collector keeps to. The rest is for what it does not count.
const memoryShare = 0.9

// memoryGrowth is by how many hundredths memory grows until garbage is collected,
// less than Go's own 100: most of it is there to stay, and what a sample leaves is
// little, so that a collection is rare all the same.
const memoryGrowth = 80

// leastGrowth is by how many bytes it grows at the least: where there is little to
// keep, garbage would be collected for every few hundred requests.
const leastGrowth = 24 << 20

// paceEvery is how often it is looked at how much there is to keep.
const paceEvery = 10 * time.Second

// paceGarbage sets GOGC by how much there is to keep, until ctx ends. What the
// environment sets stays.
func paceGarbage(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	ticker := time.NewTicker(paceEvery)
	defer ticker.Stop()
	for set := 0; ; {
		metrics.Read(live)
		if growth := growthOf(live[0].Value.Uint64()); growth != set {
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

// growthOf is by how many hundredths memory may grow of which so much is to stay. It
// goes by twenties, so that it seldom changes.
func growthOf(live uint64) int {
	const step, most = 20, 400
	if live == 0 { // nothing was collected yet, and nobody knows
		return memoryGrowth
	}
	least := int(min(leastGrowth*100/live, most))
	return max(memoryGrowth, least-least%step)
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
	timer := time.NewTimer(started)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
	}
	debug.FreeOSMemory()
	if err := unmapProgram(); err != nil {
		klog.FromContext(ctx).V(1).Info("What only the start needed of the program stays in memory", "reason", err)
	}
}
