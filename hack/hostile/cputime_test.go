package hostile

import (
	"maps"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/procfs"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
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

func (s spent) figures(figures *measure.Table, span time.Duration) {
	others := float64(runtime.NumCPU())
	for _, name := range slices.Sorted(maps.Keys(s)) {
		processors := s[name].Seconds() / span.Seconds()
		figures.Add("processors "+name, processors, "")
		others -= processors
	}
	figures.Add("processors taken by others on this machine", others, "")
}

// idleTime returns for how long all processors were idle, 0 if it cannot be read.
func idleTime() time.Duration {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return 0
	}
	stat, _ := proc.Stat()
	return measure.Seconds(stat.CPUTotal.Idle + stat.CPUTotal.Iowait)
}

// processorTime returns what a process has taken, 0 if it cannot be read.
func processorTime(pid int) time.Duration {
	taken, _ := measure.CPUTime(pid)
	return taken
}
