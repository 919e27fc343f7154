package launcher

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// serving is the first argument of the second process, and socketFD where it finds its end of the pair of sockets.
const (
	serving  = "serve"
	socketFD = 3
)

func supported() error {
	if _, known := auditArchitectures()[runtime.GOARCH]; !known {
		return fmt.Errorf("the launcher does not know the system calls of %s", runtime.GOARCH)
	}
	if !knowsFilter() {
		return errors.New("the launcher needs Linux 5.19")
	}
	line := append(unshare(), "unshare", "--mount", separator, "true")
	if said, err := exec.Command(line[0], line[1:]...).CombinedOutput(); err != nil { //nolint:noctx // it is over at once
		return fmt.Errorf("the launcher needs a mount namespace: %w: %s", err, bytes.TrimSpace(said))
	}
	return nil
}

// Main is the launcher, with the arguments that follow its name. It returns only if it fails. It must run on the first
// thread of its process, which an init function that locks the thread sees to.
func Main(args []string) error {
	if unix.Gettid() != os.Getpid() {
		return errors.New("the launcher must run on the first thread: call runtime.LockOSThread in an init function")
	}
	if len(args) == 2 && args[0] == serving {
		return serve(args[1])
	}
	flags := flag.NewFlagSet("launcher", flag.ContinueOnError)
	clock := flags.String("clock", "", "file of the offset of the program's wall clock")
	hosts := flags.String("hosts", "", "file that the program finds at /etc/hosts")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("no program was given: it stands with its arguments after launcher [-clock=FILE] [-hosts=FILE] --")
	}
	return launch(Options{Clock: *clock, Hosts: *hosts}, flags.Args())
}

func launch(options Options, command []string) error {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	if options.Hosts != "" {
		if err := mountHosts(options.Hosts); err != nil {
			return err
		}
	}
	if options.Clock != "" {
		if err := handOver(options.Clock); err != nil {
			return err
		}
	}
	return fmt.Errorf("execute %s: %w", path, syscall.Exec(path, command, os.Environ()))
}

// mountHosts lets a file be at /etc/hosts, in a mount namespace of this thread and what it becomes.
func mountHosts(path string) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("make a mount namespace, which root may do or in a user namespace anybody: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts from the machine: %w", err)
	}
	if err := unix.Mount(path, "/etc/hosts", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s at /etc/hosts: %w", path, err)
	}
	return nil
}

// handOver starts the second process and has it answer those of the calling thread's readings of the wall clock that
// are system calls. It returns once that process traces this one.
func handOver(clock string) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("make a pair of sockets: %w", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "socket")
	second := exec.Command("/proc/self/exe", serving, clock) //nolint:noctx // it ends with this process
	second.ExtraFiles = []*os.File{theirs}
	second.Stderr = os.Stderr
	second.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL} // with this thread, which becomes the program
	if err := second.Start(); err != nil {
		return fmt.Errorf("start the process that serves the clock: %w", err)
	}
	_ = theirs.Close() // so that a read ends with the other process
	if err := letTrace(second.Process.Pid); err != nil {
		return err
	}
	listener, err := installFilter()
	if err != nil {
		return err
	}
	if err := unix.Sendmsg(pair[0], []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("hand over the listener: %w", err)
	}
	if n, err := unix.Read(pair[0], make([]byte, 1)); err != nil || n == 0 {
		return errors.Join(errors.New("the process that serves the clock has failed"), err)
	}
	return nil
}

// letTrace lets a process trace this one where Yama would have none but an ancestor do that.
func letTrace(pid int) error {
	err := unix.Prctl(unix.PR_SET_PTRACER, uintptr(pid), 0, 0, 0)
	if err != nil && !errors.Is(err, unix.EINVAL) { // there is no Yama
		return fmt.Errorf("let a process trace this one: %w", err)
	}
	return nil
}
