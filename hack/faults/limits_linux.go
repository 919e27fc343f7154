package faults

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// limitFiles bounds how many files a process may have open, by at most its hard limit.
func limitFiles(pid int, files uint64) error {
	var before unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		return fmt.Errorf("read how many files process %d may have open: %w", pid, err)
	}
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: min(files, before.Max), Max: before.Max}, nil); err != nil {
		return fmt.Errorf("limit how many files process %d may have open: %w", pid, err)
	}
	return nil
}
