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

// Run runs the rest of a program in namespaces of its own and returns its exit code: it starts the same program
// with the same arguments again, and there, as the first process of its PID namespace, it calls inside.
func Run(inside func(Namespaces) int) (int, error) {
	if text := os.Getenv(namespacesVariable); text != "" && os.Getpid() == 1 {
		return enter(text, inside)
	}
	if err := Supported(); err != nil {
		return 0, fmt.Errorf("%w: %w", errUnsupported, err)
	}
	gateway, err := openGateway()
	if err != nil {
		return 0, err
	}
	defer gateway.close()
	removeStale()
	n := newNamespaces(os.Getpid(), gateway.port())
	if err := os.Mkdir(n.Dir, 0o700); err != nil {
		return 0, fmt.Errorf("make a directory for the node: %w", err)
	}
	if err := n.makeCgroups(); err != nil {
		return 0, errors.Join(err, n.remove())
	}
	code, err := runInside(n, gateway)
	return code, errors.Join(err, n.remove())
}

func enter(text string, inside func(Namespaces) int) (int, error) {
	n, err := parseNamespaces(text)
	if err != nil {
		return 0, err
	}
	if err := mountAll(); err != nil {
		return 0, fmt.Errorf("mount what the node needs: %w", err)
	}
	return inside(n), nil
}

// runInside starts the program in new namespaces and waits for its end. It hands on the signals that ask for the end.
func runInside(n Namespaces, gateway *gateway) (int, error) {
	// The kernel kills the child with the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	defer signal.Stop(signals)

	command := exec.CommandContext(context.Background(), "/proc/self/exe", os.Args[1:]...)
	command.Args[0] = os.Args[0]
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), namespacesVariable+"="+n.String())
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET,
		Setpgid:    true, // so that Ctrl-C reaches it once
		Pdeathsig:  unix.SIGKILL,
	}
	if err := command.Start(); err != nil {
		return 0, err
	}
	go gateway.serve(command.Process.Pid)
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
