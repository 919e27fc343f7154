package hostile

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// spent is the processor time that programs took, by their name. All share the processors of one machine: where none of
// them is idle, requests wait whatever the adapter does.
type spent map[string]time.Duration

func (w *fixture) spent() spent {
	return spent{
		"idle": idleTime(), "taken by the adapter": processorTime(w.adapter.PID()),
		"taken by the API server": processorTime(w.Process(cluster.APIServer).PID()), "taken by etcd": processorTime(w.Process(cluster.Etcd).PID()),
		"taken by attackers and what measures": processorTime(os.Getpid()),
	}
}

func (s spent) since(before spent) spent {
	for name := range s {
		s[name] -= before[name]
	}
	return s
}

func (s spent) figures(figures *table, span time.Duration) {
	others := float64(runtime.NumCPU())
	for _, name := range slices.Sorted(maps.Keys(s)) {
		processors := s[name].Seconds() / span.Seconds()
		figures.report("processors "+name, processors, "")
		others -= processors
	}
	figures.report("processors taken by others on this machine", others, "")
}

// idleTime returns for how long all processors were idle, 0 if it cannot be read.
func idleTime() time.Duration {
	text, _ := os.ReadFile("/proc/stat")
	fields := strings.Fields(string(text))
	const idle, ioWait = 4, 5
	if len(fields) <= ioWait {
		return 0
	}
	return ticks(fields[idle], fields[ioWait])
}

// ticks adds up what /proc counts in hundredths of a second. Source: USER_HZ in proc(5).
func ticks(fields ...string) (sum time.Duration) {
	for _, field := range fields {
		n, _ := strconv.Atoi(field)
		sum += time.Duration(n) * time.Second / 100
	}
	return sum
}

// processorTime returns what a process has taken, 0 if it cannot be read.
func processorTime(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name of the program may hold anything. Field 3 follows its closing parenthesis.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	const user, system = 14 - 3, 15 - 3
	if len(fields) <= system {
		return 0
	}
	return ticks(fields[user], fields[system])
}
