package target_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// sink remembers the calls, in order, and compares each step with the index.
type sink struct {
	index *target.Index

	mu     sync.Mutex
	told   []string
	faults []string
	wake   chan struct{}
}

func (s *sink) Set(t *target.Target) {
	s.tell("set", t)
	if found, ok := s.index.Get(t.NamespacedName); !ok || found != t {
		s.fault("Set(%s) is told before the index has it: %v", t.NamespacedName, found)
	}
}

func (s *sink) Remove(t *target.Target) {
	s.tell("remove", t)
	if found, ok := s.index.Get(t.NamespacedName); ok && found.ID() == t.ID() {
		s.fault("Remove(%s) is told and the index still has it", t.NamespacedName)
	}
}

func (s *sink) tell(what string, t *target.Target) {
	s.mu.Lock()
	s.told = append(s.told, fmt.Sprintf("%s %s %s", what, t.NamespacedName, t.ID()))
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *sink) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// want waits until the sink was told exactly that since the last call, and forgets it.
func (s *sink) want(t *testing.T, want ...string) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		told := slices.Clone(s.told)
		faults := slices.Clone(s.faults)
		enough := len(told) >= len(want)
		if enough {
			s.told = s.told[len(want):]
		}
		s.mu.Unlock()
		for _, fault := range faults {
			t.Fatal(fault)
		}
		if enough {
			if got := told[:len(want)]; !slices.Equal(got, want) {
				t.Fatalf("the sink was told\n\t%s\nwant\n\t%s", strings.Join(told, "\n\t"), strings.Join(want, "\n\t"))
			}
			return
		}
		select {
		case <-s.wake:
		case <-deadline.C:
			t.Fatalf("within %s the sink was told\n\t%s\nwant\n\t%s", patience, strings.Join(told, "\n\t"), strings.Join(want, "\n\t"))
		}
	}
}

// wantAnyOrder is like want, but only the order of the calls for one object matters.
func (s *sink) wantAnyOrder(t *testing.T, want ...string) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		enough := len(s.told) >= len(want)
		if enough {
			slices.SortStableFunc(s.told, func(a, b string) int {
				return strings.Compare(strings.Fields(a)[1], strings.Fields(b)[1])
			})
		}
		s.mu.Unlock()
		if enough {
			s.want(t, want...)
			return
		}
		select {
		case <-s.wake:
		case <-deadline.C:
			s.want(t, want...)
		}
	}
}
