package launcher_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
)

const slack = 2 * time.Second

func TestClockIsSteppedAndTimeGoesOn(t *testing.T) {
	clock, options := newClock(t)
	command, ask := talk(t, options)
	began := time.Now()
	first := ask()
	if first.pid != command.Process.Pid {
		t.Errorf("the program is process %d, and what was started is process %d", first.pid, command.Process.Pid)
	}
	last := first
	for _, offset := range []time.Duration{0, time.Hour, -time.Hour, -2 * time.Second, 0, 24 * 365 * time.Hour} {
		clock.Set(offset)
		before := time.Now()
		now := ask()
		after := time.Now()
		if now.wall.Before(before.Round(0).Add(offset)) || now.wall.After(after.Round(0).Add(offset)) {
			t.Errorf("with an offset of %s the clock is %s, want %s at least and %s at most", offset, now.wall, before.Add(offset), after.Add(offset))
		}
		if now.elapsed < last.elapsed || now.elapsed > after.Sub(began)+slack {
			t.Errorf("with an offset of %s the time since the begin went from %s to %s, and here %s passed", offset, last.elapsed, now.elapsed, after.Sub(began))
		}
		last = now
	}
	if offset := clock.Offset(); offset != 24*365*time.Hour {
		t.Errorf("the clock says it is off by %s", offset)
	}
}

func TestManyThreadsReadTheClock(t *testing.T) {
	clock, options := newClock(t)
	clock.Set(time.Hour)
	before := time.Now().Round(0)
	out, err := launched(t, options, "hurry").Output()
	if err != nil {
		t.Fatal(err)
	}
	after := time.Now().Round(0)
	var began, ended int64
	var each time.Duration
	if _, err := fmt.Sscan(string(out), &began, &ended, &each); err != nil {
		t.Fatalf("it said %q: %v", out, err)
	}
	if from, to := time.Unix(0, began), time.Unix(0, ended); from.Before(before.Add(time.Hour)) || to.After(after.Add(time.Hour)) {
		t.Errorf("it read %s to %s, want an hour after %s to %s", from, to, before, after)
	}
	t.Logf("a reading took %s", each)
}

func TestHostsAreTheProgramsOwn(t *testing.T) {
	machines, err := os.ReadFile("/etc/hosts")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "hosts")
	hosts, err := launcher.NewHosts(path, "cart.test")
	if err != nil {
		t.Fatal(err)
	}
	_, options := newClock(t)
	options.Hosts = path
	_, ask := talk(t, options)
	for _, n := range []int{1, 2, 1} {
		if err := hosts.Point(n); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("127.0.0.1 localhost\n::1 localhost\n127.0.0.%d cart.test\n", n)
		if got := ask().hosts; got != want {
			t.Errorf("the program finds %q at /etc/hosts, want %q", got, want)
		}
	}
	if now, err := os.ReadFile("/etc/hosts"); err != nil || !bytes.Equal(now, machines) {
		t.Errorf("the machine's hosts were %q and are %q, %v", machines, now, err)
	}
}

// TestProgramIsWhatSignalsReach stops, continues and kills a program, and wants nothing of it to be left.
func TestProgramIsWhatSignalsReach(t *testing.T) {
	_, options := newClock(t)
	command, ask := talk(t, options)
	ask()
	server := childOf(t, command.Process.Pid)
	for _, sig := range []unix.Signal{unix.SIGSTOP, unix.SIGCONT} {
		if err := command.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	if err := command.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := command.Wait(); !errors.As(err, &exit) || exit.Sys().(interface{ Signal() unix.Signal }).Signal() != unix.SIGTERM {
		t.Errorf("it ended with %v, want by SIGTERM", err)
	}
	awaitEnd(t, server)
}

func TestFailuresAreTold(t *testing.T) {
	_, good := newClock(t)
	for name, test := range map[string]struct {
		options launcher.Options
		program []string
		says    string
	}{
		"no program":   {good, nil, "no program was given"},
		"no such file": {good, []string{"/no/such/program"}, "no such file or directory"},
		"no clock":     {launcher.Options{Clock: "/no/such/clock"}, []string{"/bin/true"}, "open the clock"},
		"no hosts":     {launcher.Options{Hosts: "/no/such/hosts"}, []string{"/bin/true"}, "mount /no/such/hosts at /etc/hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			command := launched(t, test.options)
			command.Args = append(command.Args[:len(command.Args)-1], test.program...)
			var said bytes.Buffer
			command.Stderr = &said
			if err := command.Run(); err == nil || !strings.Contains(said.String(), test.says) {
				t.Errorf("it ended with %v and said %q, want an error that says %q", err, said.String(), test.says)
			}
		})
	}
}

func childOf(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Sscan(string(text), &child); err != nil {
		t.Fatalf("process %d has the children %q: %v", pid, text, err)
	}
	return child
}

// awaitEnd waits until a process is gone, or is nothing but what its parent has not taken notice of.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // empty once it is gone
		return len(text) == 0 || strings.Contains(string(text), ") Z "), nil
	})
	if err != nil {
		t.Fatalf("process %d is still there: %v", pid, err)
	}
}
