package app

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/prometheus/procfs"
)

// unmapProgram drops the pages of the program's code and constants from this process (BenchmarkUnmapProgram). Those
// still in use are mapped again from the page cache. Half of a program this large runs once, at the start.
func unmapProgram() error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	self, err := procfs.Self()
	if err != nil {
		return err
	}
	maps, err := self.ProcMaps()
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range maps {
		if !constant(m, path) {
			continue
		}
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, m.StartAddr, m.EndAddr-m.StartAddr, syscall.MADV_DONTNEED); errno != 0 {
			errs = append(errs, fmt.Errorf("madvise: %w", errno))
		}
	}
	return errors.Join(errs...)
}

// constant reports whether a mapping belongs to a file, and is readable but not
// writable.
func constant(m *procfs.ProcMap, path string) bool {
	return m.Pathname == path && m.Perms.Read && !m.Perms.Write
}
