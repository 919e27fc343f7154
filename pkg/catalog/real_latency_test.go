package catalog_test

import (
	"strconv"
	"strings"
	"time"
)

// proveLatency calls a script that is busy for 20 ms by the server's clock, which is
// no more than what the server takes for it, and that no more than what the client waits.
func proveLatency(l *lab) {
	const calls, busy = 5, 20 * time.Millisecond
	const script = `
		local function now() local t = redis.call('time') return t[1] * 1e6 + t[2] end
		local start = now()
		while now() - start < 20000 do end
		return 1`
	l.sample()
	var total, longest time.Duration
	for range calls {
		start := time.Now()
		l.server.Do("eval", script, 0)
		took := time.Since(start)
		total, longest = total+took, max(longest, took)
	}
	l.sample()
	microseconds := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
	l.reads("command-latency-mean-microseconds", "", microseconds(busy), microseconds(total)/calls)
	l.reads("command-latency-mean-microseconds", "command=eval", microseconds(busy), microseconds(total)/calls)
	const precision = 0.02 // of the histogram that Redis keeps
	low, high := microseconds(busy)*(1-precision), microseconds(longest)*(1+precision)
	l.reads("command-latency-percentile-microseconds", "", low, high)
	l.reads("command-latency-percentile-microseconds", "percentile=50,command=eval", low, high)
}

// proveCPU compares with what the system says of the process.
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
