package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Enclose runs the rest of a program in namespaces of its own and returns its exit code: it starts the same program
// with the same arguments again, and there, as the first process of its PID namespace, it calls inside.
func Enclose(inside func(Enclosure) int) (int, error) {
	if text := os.Getenv(enclosureVariable); text != "" && os.Getpid() == 1 {
		return enter(text, inside)
	}
	if err := Supported(); err != nil {
		return 0, &UnsupportedError{err}
	}
	door, err := openDoor()
	if err != nil {
		return 0, err
	}
	defer door.close()
	sweep()
	e := newEnclosure(os.Getpid(), door.port())
	if err := os.Mkdir(e.Dir, 0o700); err != nil {
		return 0, fmt.Errorf("make a directory for the node: %w", err)
	}
	if err := e.makeCgroups(); err != nil {
		return 0, errors.Join(err, e.remove())
	}
	code, err := runEnclosed(e, door)
	return code, errors.Join(err, e.remove())
}

func enter(text string, inside func(Enclosure) int) (int, error) {
	e, err := parseEnclosure(text)
	if err != nil {
		return 0, err
	}
	if err := furnish(); err != nil {
		return 0, fmt.Errorf("furnish the namespaces of the node: %w", err)
	}
	return inside(e), nil
}

// runEnclosed starts the program in new namespaces and waits for its end. It hands on the signals that ask for the end.
func runEnclosed(e Enclosure, door *door) (int, error) {
	// The kernel kills the child with the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	defer signal.Stop(signals)

	command := exec.CommandContext(context.Background(), "/proc/self/exe", os.Args[1:]...)
	command.Args[0] = os.Args[0]
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), enclosureVariable+"="+e.String())
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET,
		Setpgid:    true, // so that Ctrl-C reaches it once
		Pdeathsig:  unix.SIGKILL,
	}
	if err := command.Start(); err != nil {
		return 0, err
	}
	go door.serve(command.Process.Pid)
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case sig := <-signals:
				_ = command.Process.Signal(sig)
			case <-done:
				return
			}
		}
	}()
	err := command.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode(), nil
	}
	return 0, err
}
