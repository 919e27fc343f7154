package redistest

import "syscall"

// childAttributes makes the kernel kill a server when the test's process ends, because
// a process that is ended by a signal runs no cleanup.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
