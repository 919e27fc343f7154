package verifier

import (
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestProcessors ties a goroutine to each processor, and finds it alone there; whoever comes after is tied to none.
func TestProcessors(t *testing.T) {
	var all, tied, after unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	for _, pin := range processors() {
		var running sync.WaitGroup
		running.Go(func() {
			pin()
			var own unix.CPUSet
			if err := unix.SchedGetaffinity(0, &own); err != nil || own.Count() != 1 {
				t.Errorf("tied to %d processors: %v", own.Count(), err)
			}
			for cpu := range len(own) * 64 {
				if own.IsSet(cpu) {
					tied.Set(cpu)
				}
			}
		})
		running.Wait()
		if err := unix.SchedGetaffinity(0, &after); err != nil || after != all {
			t.Errorf("a thread was left tied to %d of %d processors: %v", after.Count(), all.Count(), err)
		}
	}
	if tied != all {
		t.Errorf("tied to %d of %d processors", tied.Count(), all.Count())
	}
}
