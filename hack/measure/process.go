package measure

import (
	"time"

	"github.com/prometheus/procfs"
)

// CPUTime returns the CPU time that a process has taken.
func CPUTime(pid int) (time.Duration, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return 0, err
	}
	stat, err := process.Stat()
	return Seconds(stat.CPUTime()), err
}

// Memory returns the memory that a process takes, now and at most.
func Memory(pid int) (procfs.ProcStatus, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return procfs.ProcStatus{}, err
	}
	return process.NewStatus()
}

// Seconds returns a span of so many seconds.
func Seconds(number float64) time.Duration { return time.Duration(number * float64(time.Second)) }
