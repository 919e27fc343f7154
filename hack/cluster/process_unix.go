//go:build unix && !linux

package cluster

import "syscall"

// childAttributes puts a child into a process group of its own, so that Ctrl-C reaches us first.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
