package verifier

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// processors returns a function for each processor that this process may use, which pins the calling goroutine to it
// for the rest of its life.
func processors() []func() {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return []func(){func() {}}
	}
	var pins []func()
	for cpu := range len(all) * 64 {
		if !all.IsSet(cpu) {
			continue
		}
		pins = append(pins, func() {
			runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
			var one unix.CPUSet
			one.Set(cpu)
			_ = unix.SchedSetaffinity(0, &one)
		})
	}
	return pins
}
