package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTicks is how many ticks of CPU time /proc counts in a second: USER_HZ, 100 on all that Go runs on.
// Source: proc(5).
const clockTicks = 100

// cpuOf returns the CPU time that a process has taken.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name of the program may hold anything; what follows its closing parenthesis begins with field 3.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	const user, system = 14 - 3, 15 - 3
	if len(fields) <= system {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	u, errUser := strconv.ParseInt(fields[user], 10, 64)
	s, errSystem := strconv.ParseInt(fields[system], 10, 64)
	return time.Duration(u+s) * time.Second / clockTicks, errors.Join(errUser, errSystem)
}

// residentBytes returns the memory of a process that is in RAM.
func residentBytes(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kilobytes * 1024, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no VmRSS", pid)
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
