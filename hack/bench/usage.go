package bench

import (
	"context"
	"runtime"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// cpuOf returns the CPU time that a process has taken.
func cpuOf(pid int) (time.Duration, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return 0, err
	}
	stat, err := process.Stat()
	return time.Duration(stat.CPUTime() * float64(time.Second)), err
}

// residentBytes returns the memory of a process that is in RAM.
func residentBytes(pid int) (float64, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return 0, err
	}
	status, err := process.NewStatus()
	return float64(status.VmRSS), err
}

// spent returns how much CPU time a process spends while something is done, and how long that takes.
func spent(pid int, do func() error) (cpu, took time.Duration, err error) {
	before, err := cpuOf(pid)
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	if err := do(); err != nil {
		return 0, 0, err
	}
	took = time.Since(start)
	after, err := cpuOf(pid)
	return after - before, took, err
}

// coresOf returns how many cores a process takes over a span.
func coresOf(ctx context.Context, pid int, span time.Duration) (float64, error) {
	cpu, took, err := spent(pid, func() error { return wait(ctx, span) })
	if err != nil {
		return 0, err
	}
	return cpu.Seconds() / took.Seconds(), nil
}

// beyondRest is spent, less what the process takes at rest, for which it is watched before.
func beyondRest(ctx context.Context, pid int, watched time.Duration, do func() error) (cpu, took time.Duration, err error) {
	rest, err := coresOf(ctx, pid, watched)
	if err != nil {
		return 0, 0, err
	}
	cpu, took, err = spent(pid, do)
	return cpu - time.Duration(rest*float64(took)), took, err
}

// usage is what this process has taken.
type usage struct {
	cpu            time.Duration
	mallocs, bytes uint64
}

func ownUsage() (usage, error) {
	var found syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &found); err != nil {
		return usage{}, err
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return usage{
		cpu:     time.Duration(found.Utime.Nano() + found.Stime.Nano()),
		mallocs: memory.Mallocs, bytes: memory.TotalAlloc,
	}, nil
}

// wait returns after a span, or with an error when ctx ends.
func wait(ctx context.Context, span time.Duration) error {
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
