package hostile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
)

const (
	// memoryLimit is that of the container in deploy/base.
	memoryLimit     = 512 << 20
	groupPrefix     = "redis-metrics-hostile-"
	requireVariable = "REQUIRE_NODE"
)

// memoryGroup is a cgroup with a limit of memory, of version 1 or 2.
type memoryGroup struct {
	dir string
	v2  bool
}

// newMemoryGroup makes a group that goes with the test. It skips the test where it cannot.
func newMemoryGroup(t *testing.T) *memoryGroup {
	t.Helper()
	m, err := makeMemoryGroup()
	switch {
	case err == nil:
	case os.Getenv(requireVariable) != "":
		t.Fatalf("%s is set, and there is no memory cgroup: %v", requireVariable, err)
	default:
		t.Skipf("the hostile tier was left out: %v", err)
	}
	t.Cleanup(m.remove)
	return m
}

func makeMemoryGroup() (*memoryGroup, error) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return nil, errors.New("it needs root on Linux")
	}
	const root = "/sys/fs/cgroup"
	parent, v2 := filepath.Join(root, "memory"), false
	if _, err := os.Stat(filepath.Join(parent, "memory.limit_in_bytes")); err != nil {
		parent, v2 = root, true
	}
	stale, _ := filepath.Glob(filepath.Join(parent, groupPrefix+"*"))
	for _, dir := range stale {
		_ = os.Remove(dir) // fails while a run uses it
	}
	m := &memoryGroup{dir: filepath.Join(parent, groupPrefix+strconv.Itoa(os.Getpid())), v2: v2}
	if err := os.Mkdir(m.dir, 0o755); err != nil {
		return nil, fmt.Errorf("it needs a memory cgroup: %w", err)
	}
	if err := m.limit(parent); err != nil {
		m.remove()
		return nil, fmt.Errorf("it needs a memory cgroup: %w", err)
	}
	return m, nil
}

// limit sets the limit of memory, without any swap beside it.
func (m *memoryGroup) limit(parent string) error {
	limit := strconv.Itoa(memoryLimit)
	if !m.v2 {
		err := m.write("memory.limit_in_bytes", limit)
		_ = m.write("memory.memsw.limit_in_bytes", limit) // a kernel that does not count swap lacks it
		return err
	}
	if _, err := os.Stat(filepath.Join(m.dir, "memory.max")); err != nil {
		if err := os.WriteFile(filepath.Join(parent, "cgroup.subtree_control"), []byte("+memory"), 0); err != nil {
			return err
		}
	}
	_ = m.write("memory.swap.max", "0")
	return m.write("memory.max", limit)
}

func (m *memoryGroup) write(name, value string) error {
	return os.WriteFile(filepath.Join(m.dir, name), []byte(value), 0)
}

// command begins a command line whose process enters the group and becomes what follows.
func (m *memoryGroup) command() []string {
	return []string{"sh", "-c", `echo $$ >"$0" && exec "$@"`, filepath.Join(m.dir, "cgroup.procs")}
}

// remove removes the group. The kernel may hold it for a moment after its last process has gone.
func (m *memoryGroup) remove() {
	_ = wait.PollUntilContextTimeout(context.Background(), 100*time.Millisecond, 5*time.Second, true, func(context.Context) (bool, error) {
		return os.Remove(m.dir) == nil, nil
	})
}

func (m *memoryGroup) number(file, name string) (float64, error) {
	text, err := os.ReadFile(filepath.Join(m.dir, file))
	if err != nil {
		return 0, err
	}
	return numberAfter(string(text), name)
}

func numberAfter(text, name string) (float64, error) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if name == "" && len(fields) == 1 {
			return strconv.ParseFloat(fields[0], 64)
		}
		if len(fields) > 1 && fields[0] == name {
			return strconv.ParseFloat(fields[1], 64)
		}
	}
	return 0, fmt.Errorf("there is no number %q", name)
}

func (m *memoryGroup) figures(t *testing.T, figures *measure.Table, w *fixture) {
	t.Helper()
	peakFile, killsFile := "memory.max_usage_in_bytes", "memory.oom_control"
	if m.v2 {
		peakFile, killsFile = "memory.peak", "memory.events"
	}
	peak, errPeak := m.number(peakFile, "")
	kills, errKills := m.number(killsFile, "oom_kill")
	memory, errMemory := measure.Memory(w.adapter.PID())
	if err := errors.Join(errPeak, errKills, errMemory); err != nil {
		t.Error(err)
	}
	const mebi = 1 << 20
	figures.Add("resident memory, max", float64(memory.VmHWM)/mebi, "MiB").AtMost(memoryLimit / mebi)
	figures.Add("memory of the cgroup with its page cache, max", peak/mebi, "MiB")
	figures.Add("processes killed for want of memory", kills, "").AtMost(0)
	own, err := w.scrapeAdapter(t.Context())
	if err != nil {
		t.Error(err)
		return
	}
	figures.Add("GOMEMLIMIT, from the cgroup", own.Sum("go_gc_gomemlimit_bytes", nil)/mebi, "MiB")
}
