package launcher_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
)

// actingVariable makes this program the launcher, and what the launcher starts.
const actingVariable = "LAUNCHER_TEST_ACTING"

// The launcher runs on the first thread.
func init() { runtime.LockOSThread() }

func TestMain(m *testing.M) {
	if os.Getenv(actingVariable) == "" {
		if err := launcher.LeftOut(); err != nil {
			fmt.Println("the tests of the launcher were left out:", err)
			return
		}
		os.Exit(m.Run())
	}
	if act, ok := acts()[os.Args[1]]; ok {
		act()
		return
	}
	fmt.Fprintln(os.Stderr, "launcher:", launcher.Main(os.Args[1:]))
	os.Exit(1)
}

func acts() map[string]func() {
	return map[string]func(){"answer": answerLines, "hurry": hurry}
}

// answerLines answers each line with the process id, the wall clock, the time since the begin and /etc/hosts, quoted.
func answerLines() {
	began := time.Now()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		hosts, err := os.ReadFile("/etc/hosts")
		now := time.Now()
		fmt.Printf("%d %d %d %q %v\n", os.Getpid(), now.UnixNano(), now.Sub(began), hosts, err)
	}
}

// readers and readings are how often how many goroutines of a program in a hurry read the clock.
const readers, readings = 8, 1000

// hurry reads the clock from many threads while garbage is collected, and tells the earliest and the latest reading,
// and how long one took.
func hurry() {
	began := time.Now()
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			last := time.Time{}
			for n := range readings {
				now := time.Now()
				if now.Round(0).Before(last) {
					fmt.Println("the clock went back")
				}
				if last = now.Round(0); n%100 == 0 {
					runtime.GC()
				}
			}
		})
	}
	all.Wait()
	ended := time.Now()
	fmt.Println(began.UnixNano(), ended.UnixNano(), (ended.Sub(began) / (readers * readings)).Nanoseconds())
}

func launched(t *testing.T, options launcher.Options, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	line := append(append(options.Command(self), self), args...)
	command := exec.CommandContext(t.Context(), line[0], line[1:]...)
	command.Env = append(os.Environ(), actingVariable+"=1")
	command.Stderr = os.Stderr
	return command
}

func newClock(t *testing.T) (*launcher.Clock, launcher.Options) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clock")
	clock, err := launcher.NewClock(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := clock.Close(); err != nil {
			t.Error(err)
		}
	})
	return clock, launcher.Options{Clock: path}
}

type told struct {
	pid     int
	wall    time.Time
	elapsed time.Duration
	hosts   string
}

func talk(t *testing.T, options launcher.Options) (*exec.Cmd, func() told) {
	t.Helper()
	command := launched(t, options, "answer")
	questions, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = questions.Close()
		_ = command.Wait()
	})
	lines := bufio.NewReader(answers)
	return command, func() told {
		t.Helper()
		if _, err := io.WriteString(questions, "\n"); err != nil {
			t.Fatal(err)
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		var one told
		var nanoseconds int64
		if _, err := fmt.Sscanf(strings.TrimSuffix(line, " <nil>\n"), "%d %d %d %q", &one.pid, &nanoseconds, &one.elapsed, &one.hosts); err != nil {
			t.Fatalf("it answered %q: %v", line, err)
		}
		one.wall = time.Unix(0, nanoseconds)
		return one
	}
}
