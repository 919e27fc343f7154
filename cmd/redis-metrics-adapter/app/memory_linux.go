package app

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// unmapProgram drops the pages of the program's code and constants from this process (BenchmarkUnmapProgram), and nothing
// else: what goes on being used is mapped again, from the page cache. Half of a program this large is run once, at the start.
func unmapProgram() error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer func() { _ = maps.Close() }()
	var errs []error
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		start, end, ok := constant(lines.Text(), path)
		if !ok {
			continue
		}
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, start, end-start, syscall.MADV_DONTNEED); errno != 0 {
			errs = append(errs, fmt.Errorf("madvise: %w", errno))
		}
	}
	return errors.Join(append(errs, lines.Err())...)
}

// constant returns what a line of /proc/self/maps maps of a file, if that can be read and not be written.
// Source: proc_pid_maps(5).
func constant(line, path string) (start, end uintptr, ok bool) {
	var access, offset, device, inode string
	if _, err := fmt.Sscanf(line, "%x-%x %s %s %s %s", &start, &end, &access, &offset, &device, &inode); err != nil {
		return 0, 0, false
	}
	return start, end, strings.HasSuffix(line, " "+path) && (access == "r-xp" || access == "r--p")
}
