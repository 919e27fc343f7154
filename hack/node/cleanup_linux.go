package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/util/wait"
)

const cgroupRoot = "/sys/fs/cgroup"

// makeCgroups makes the cgroup of the run in each hierarchy: version 1 has several, version 2 has one.
func (n Namespaces) makeCgroups() error {
	for _, pattern := range []string{cgroupRoot + "/cgroup.procs", cgroupRoot + "/*/cgroup.procs"} {
		roots, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, root := range roots {
			if err := os.Mkdir(filepath.Dir(root)+n.cgroup, 0o755); err != nil {
				return fmt.Errorf("make a cgroup for the node: %w", err)
			}
		}
		if len(roots) > 0 {
			return nil
		}
	}
	return errors.New("no cgroups are mounted at " + cgroupRoot)
}

// remove removes what the kernel does not take back with the namespaces.
func (n Namespaces) remove() error {
	failures := []error{os.RemoveAll(n.Dir)}
	for _, pattern := range []string{cgroupRoot + n.cgroup, cgroupRoot + "/*" + n.cgroup} {
		groups, err := filepath.Glob(pattern)
		failures = append(failures, err)
		for _, group := range groups {
			failures = append(failures, removeCgroup(group))
		}
	}
	return errors.Join(failures...)
}

// removeCgroup removes a cgroup and those below. The kernel may hold one for a moment after its last process has gone.
func removeCgroup(root string) error {
	var groups []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, group := range slices.Backward(groups) {
		var last error
		err := wait.PollUntilContextTimeout(context.Background(), 20*time.Millisecond, 5*time.Second, true,
			func(context.Context) (bool, error) {
				last = unix.Rmdir(group)
				return last == nil || errors.Is(last, unix.ENOENT), nil
			})
		if err != nil {
			return fmt.Errorf("remove cgroup %s: %w", group, last)
		}
	}
	return nil
}

// removeStale removes what runs left that were killed outright: those whose process is gone. What it cannot remove, the next
// one will.
func removeStale() {
	for _, pattern := range []string{filepath.Join(os.TempDir(), prefix+"*"), cgroupRoot + "/" + prefix + "*", cgroupRoot + "/*/" + prefix + "*"} {
		remains, _ := filepath.Glob(pattern)
		for _, path := range remains {
			pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(path), prefix))
			if err == nil && errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
				_ = newNamespaces(pid, 0).remove()
			}
		}
	}
}
