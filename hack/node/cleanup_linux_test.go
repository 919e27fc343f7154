package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/util/wait"
)

// TestNothingIsLeft runs the node as make node does, with a pod in it, and ends it in each way in which it may end.
func TestNothingIsLeft(t *testing.T) {
	if err := Supported(); err != nil {
		if os.Getenv(requireVariable) != "" {
			t.Fatal(err)
		}
		t.Skip("the node tier was left out: ", err)
	}
	t.Run("after Ctrl-C", func(t *testing.T) {
		machine := lookAtMachine(t)
		run := startRun(t, os.Getenv("BIN_DIR"))
		run.startPod(t)
		run.signal(t, unix.SIGINT)
		if err := run.end(t); err != nil {
			t.Errorf("it ended with %v", err)
		}
		run.isGone(t, machine)
	})
	t.Run("after a failure", func(t *testing.T) {
		machine := lookAtMachine(t)
		run := startRun(t, os.Getenv("BIN_DIR"))
		run.startPod(t)
		run.killInside(t, kubelet)
		var exit *exec.ExitError
		if err := run.end(t); !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("it ended with %v, want exit status 1", err)
		}
		run.isGone(t, machine)
	})
	t.Run("after the next start, where it was killed", func(t *testing.T) {
		machine := lookAtMachine(t)
		run := startRun(t, os.Getenv("BIN_DIR"))
		run.startPod(t)
		run.signal(t, unix.SIGKILL)
		_ = run.end(t) // it says that it was killed
		run.awaitEmpty(t)
		removeStale()
		run.isGone(t, machine)
	})
}

// lookAtMachine returns everything of the machine that a node might change.
func lookAtMachine(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, name := range []string{"sys/net/ipv4/ip_forward", "self/mountinfo", "net/route"} {
		found[name] = read(t, filepath.Join("/proc", name))
	}
	for name := range tunables {
		found[name] = read(t, filepath.Join("/proc/sys", name))
	}
	tables, err := exec.CommandContext(t.Context(), "nft", "list", "tables").CombinedOutput()
	if err != nil {
		t.Fatalf("nft list tables: %v: %s", err, tables)
	}
	found["tables of nftables"] = string(tables)
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range interfaces {
		found["interfaces"] += each.Name + " "
	}
	for _, dir := range append([]string{"/run/netns", "/etc", "/opt", "/usr/libexec"}, inMemory...) {
		entries, _ := os.ReadDir(dir) // one that is not there is empty
		for _, entry := range entries {
			found[dir] += entry.Name() + " "
		}
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

type namespacedRun struct {
	command    *exec.Cmd
	kubeconfig string
	first      int      // the PID outside of the first process inside
	namespaces []string // those of all processes inside
}

func startRun(t *testing.T, binDir string) *namespacedRun {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(binDir, "node"))
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	run := &namespacedRun{command: command}
	for lines := bufio.NewScanner(output); run.kubeconfig == "" && lines.Scan(); {
		_, run.kubeconfig, _ = strings.Cut(lines.Text(), "export KUBECONFIG=")
	}
	if run.kubeconfig == "" {
		t.Fatalf("the node did not start: %v", command.Wait())
	}
	for _, child := range children(t, command.Process.Pid) {
		run.first = child.PID
		run.namespaces = namespacesOf(child.PID)
	}
	if len(run.namespaces) != 3 {
		t.Fatalf("found namespaces %v, want three", run.namespaces)
	}
	return run
}

func (r *namespacedRun) startPod(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{
		{"run", "idle", "--image=" + pauseImage},
		{"wait", "pod/idle", "--for=condition=Ready", "--timeout=30s"},
	} {
		command := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("BIN_DIR"), "kubectl"), args...)
		command.Env = append(os.Environ(), "KUBECONFIG="+r.kubeconfig)
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("kubectl %v: %v: %s", args, err, output)
		}
	}
}

func (r *namespacedRun) signal(t *testing.T, signal unix.Signal) {
	t.Helper()
	if err := r.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

func (r *namespacedRun) killInside(t *testing.T, name string) {
	t.Helper()
	for _, child := range children(t, r.first) {
		if child.Comm == name {
			if err := unix.Kill(child.PID, unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no %s found in the namespaces", name)
}

func (r *namespacedRun) end(t *testing.T) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- r.command.Wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("it has not ended after 30s")
		return nil
	}
}

// awaitEmpty waits until the kernel has ended the processes of a run that was killed.
func (r *namespacedRun) awaitEmpty(t *testing.T) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		return len(r.inside(t)) == 0, nil
	})
	if err != nil {
		t.Fatalf("processes %v live on", r.inside(t))
	}
}

func (r *namespacedRun) inside(t *testing.T) []int {
	t.Helper()
	all, err := procfs.AllProcs()
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, process := range all {
		if slices.ContainsFunc(namespacesOf(process.PID), func(each string) bool { return slices.Contains(r.namespaces, each) }) {
			found = append(found, process.PID)
		}
	}
	return found
}

// isGone fails the test for everything that is left of the run, and for what is not as it was on the machine.
func (r *namespacedRun) isGone(t *testing.T, before map[string]string) {
	t.Helper()
	if left := r.inside(t); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	e := newNamespaces(r.command.Process.Pid, 0)
	for _, pattern := range []string{e.Dir, cgroupRoot + e.cgroup, cgroupRoot + "/*" + e.cgroup} {
		if left, err := filepath.Glob(pattern); err != nil || len(left) > 0 {
			t.Errorf("directories are left: %v %v", left, err)
		}
	}
	if diff := cmp.Diff(before, lookAtMachine(t)); diff != "" {
		t.Errorf("the machine was changed (-before +after):\n%s", diff)
	}
}

func children(t *testing.T, parent int) (found []procfs.ProcStat) {
	t.Helper()
	all, err := procfs.AllProcs()
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range all {
		if stat, err := process.Stat(); err == nil && stat.PPID == parent { // not gone meanwhile
			found = append(found, stat)
		}
	}
	return found
}

// namespacesOf returns the namespaces of a process that a run has of its own, or none when it is gone.
func namespacesOf(pid int) []string {
	var found []string
	for _, kind := range []string{"mnt", "pid", "net"} {
		if name, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind)); err == nil {
			found = append(found, name)
		}
	}
	return found
}
