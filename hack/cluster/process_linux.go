package cluster

import "syscall"

// childAttributes puts a child into a process group of its own, so that Ctrl-C reaches us first, and has the kernel
// kill it when the thread that started it is gone.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
