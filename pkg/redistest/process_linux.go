package redistest

import "syscall"

// childAttributes has the kernel kill a server when the test's process is gone, which
// runs no cleanup if a signal ends it.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
