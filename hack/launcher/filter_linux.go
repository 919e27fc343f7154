package launcher

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets in what a filter sees, struct seccomp_data. The first argument's low half comes first on both architectures.
// Source: include/uapi/linux/seccomp.h.
const (
	offsetOfCall         = 0
	offsetOfArchitecture = 4
	offsetOfArgument     = 16
)

// auditArchitectures are what the kernel calls those whose calls are known here.
func auditArchitectures() map[string]uint32 {
	return map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}
}

// filter lets readings of the wall clock be answered by the listener, and all other calls pass.
func filter() []unix.SockFilter {
	const load, equal, answer = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	return []unix.SockFilter{
		{Code: load, K: offsetOfArchitecture},
		{Code: equal, K: auditArchitectures()[runtime.GOARCH], Jf: 5},
		{Code: load, K: offsetOfCall},
		{Code: equal, K: unix.SYS_CLOCK_GETTIME, Jf: 3},
		{Code: load, K: offsetOfArgument},
		{Code: equal, K: unix.CLOCK_REALTIME, Jt: 2},
		{Code: equal, K: unix.CLOCK_REALTIME_COARSE, Jt: 1},
		{Code: answer, K: unix.SECCOMP_RET_ALLOW},
		{Code: answer, K: unix.SECCOMP_RET_USER_NOTIF},
	}
}

// installFilter installs the filter for the calling thread and what it becomes, and returns the listener. No signal but
// one that kills interrupts a call whose answer is being made, so that it is not asked for twice.
func installFilter() (listener int, err error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("give up new privileges: %w", err)
	}
	steps := filter()
	program := unix.SockFprog{Len: uint16(len(steps)), Filter: &steps[0]}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, filterFlags, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return 0, fmt.Errorf("install a seccomp filter with a listener, which needs Linux 5.19 and that no filter has one yet: %w", errno)
	}
	return int(fd), nil
}

const filterFlags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV

// knowsFilter reports whether the kernel knows the flags of the filter: it looks at them before it misses the filter.
func knowsFilter() bool {
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, filterFlags, 0)
	return errno == unix.EFAULT
}
