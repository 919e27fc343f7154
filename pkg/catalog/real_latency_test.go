package catalog_test

import (
	"strconv"
	"strings"
	"time"
)

// proveLatency calls a script that computes, which takes the server no less than
// the CPU time that the system says, and no more than what the client waits. The
// clock does not help within a script: from Redis 7.2 on it stands still there.
func proveLatency(l *lab) {
	const calls = 5
	const script = "local x = 0 for i = 1, 20000000 do x = x + i end return x"
	l.sample()
	var total, longest time.Duration
	before := l.cpuSeconds()
	for range calls {
		start := time.Now()
		l.server.Do("eval", script, 0)
		took := time.Since(start)
		total, longest = total+took, max(longest, took)
	}
	const ticks, second = 0.1, 1e6 // the system counts in hundredths of a second
	low := (l.cpuSeconds() - before - ticks) * second / calls
	l.sample()
	microseconds := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
	l.reads("command-latency-mean-microseconds", "", low, microseconds(total)/calls)
	l.reads("command-latency-mean-microseconds", "command=eval", low, microseconds(total)/calls)
	const precision = 0.02 // of the histogram that Redis keeps
	high := microseconds(longest) * (1 + precision)
	l.reads("command-latency-percentile-microseconds", "", low*(1-precision), high)
	l.reads("command-latency-percentile-microseconds", "percentile=50,command=eval", low/2, high)
}

// proveCPU compares with what the system reports about the process.
func proveCPU(l *lab) {
	const script = "local x = 0 for i = 1, 1000000 do x = x + i end return x"
	before := l.cpuSeconds()
	l.sample()
	for l.cpuSeconds() < before+0.5 {
		l.server.Do("eval", script, 0)
	}
	l.sample()
	const ticks = 0.1 // the system counts in hundredths of a second
	l.grew("cpu-cores", "", l.cpuSeconds()-before, ticks)
}

// cpuSeconds is utime and stime of proc(5).
func (l *lab) cpuSeconds() float64 {
	l.Helper()
	_, text, _ := strings.Cut(l.proc("stat"), ") ")
	fields := strings.Fields(text)
	user, errUser := strconv.ParseFloat(fields[11], 64)
	system, errSystem := strconv.ParseFloat(fields[12], 64)
	if errUser != nil || errSystem != nil {
		l.Fatalf("proc stat is %q", text)
	}
	return (user + system) / 100
}
