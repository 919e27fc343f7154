package hostile

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// clockTicks is how many ticks of processor time /proc counts in a second.
// Source: USER_HZ in proc(5).
const clockTicks = 100

const (
	// attackers is this process, which holds the asker and the load as well.
	attackers = "attackers and what measures"
	// idle is what nobody took, and everything what anybody did.
	idle, everything = "idle", "everything"
)

// spent is the processor time that programs took, by their name. All share the processors of one machine: where none of
// them is idle, requests wait whatever the adapter does.
type spent map[string]time.Duration

func (w *world) spent() spent {
	free, taken := machineTime()
	return spent{
		idle: free, everything: taken,
		"adapter": processorTime(w.adapter.PID()), "API server": processorTime(w.Process(cluster.APIServer).PID()),
		"etcd": processorTime(w.Process(cluster.Etcd).PID()), "controller manager": processorTime(w.Process(cluster.ControllerManager).PID()),
		attackers: processorTime(os.Getpid()),
	}
}

func (s spent) since(before spent) spent {
	for name := range s {
		s[name] -= before[name]
	}
	return s
}

// figures adds how many processors programs took over a span.
func (s spent) figures(figures *table, span time.Duration) {
	others := s[everything]
	for _, name := range []string{"adapter", "API server", "etcd", "controller manager", attackers} {
		figures.report("processors taken by the "+name, s[name].Seconds()/span.Seconds(), "")
		others -= s[name]
	}
	figures.report("processors taken by others on this machine", others.Seconds()/span.Seconds(), "")
	figures.report("processors that were idle", s[idle].Seconds()/span.Seconds(), "")
}

// machineTime returns for how long all processors were idle, and were not, 0 if it cannot be read.
func machineTime() (free, taken time.Duration) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for n, field := range strings.Fields(line) {
		ticks, _ := strconv.Atoi(field)
		switch spent := time.Duration(ticks) * time.Second / clockTicks; n {
		case 1, 2, 3, 6, 7: // user, nice, system, irq, softirq
			taken += spent
		case 4, 5: // idle, iowait
			free += spent
		}
	}
	return free, taken
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
	ticks := 0
	for _, field := range []string{fields[user], fields[system]} {
		n, _ := strconv.Atoi(field)
		ticks += n
	}
	return time.Duration(ticks) * time.Second / clockTicks
}
