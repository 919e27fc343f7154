package sampler

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// TestNothingIsLeftOfTargets makes and ends a thousand targets, some of which
// nothing answers, and counts what is left.
func TestNothingIsLeftOfTargets(t *testing.T) {
	server, away := redistest.New(t), redistest.New(t)
	away.Kill()
	m := managing(t)
	round := func(n int) {
		targets := make([]*target.Target, 50)
		for i := range targets {
			addr := server.Addr
			if i%5 == 0 {
				addr = away.Addr
			}
			targets[i] = samplertest.TargetAt(fmt.Sprintf("%d-%d", n, i), addr)
			m.Set(targets[i])
		}
		m.await(t, "two attempts at each target have ended", func() bool {
			return !slices.ContainsFunc(targets, func(of *target.Target) bool { return m.count(of) < 2 })
		})
		for _, one := range targets {
			m.Remove(one)
		}
	}
	gone := func() {
		samplertest.Poll(t, "the connections are closed", func() bool { return samplertest.Connections(t, server) == 0 })
	}
	round(0)
	gone()
	goroutines, descriptors := goleak.IgnoreCurrent(), openFiles(t)
	for n := range 20 {
		round(n + 1)
	}
	gone()
	if err := goleak.Find(goroutines); err != nil {
		t.Error(err)
	}
	if now := openFiles(t); now > descriptors {
		t.Errorf("%d files are open, %d were before", now, descriptors)
	}
	if len(m.loops) != 0 {
		t.Errorf("%d loops are left", len(m.loops))
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
