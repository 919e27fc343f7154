package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// stopGrace is how long a process may take to end by itself after SIGTERM.
const stopGrace = 10 * time.Second

// Process is one program that can be started, signalled, stopped and started again with the same arguments.
type Process struct {
	name    string
	path    string
	args    []string
	env     []string // nil: the parent's
	dir     string
	logPath string
	ready   func(context.Context) error

	lifecycle sync.Mutex // held over start, stop and restart
	current   atomic.Pointer[run]
}

// run is one life of a process.
type run struct {
	command  *exec.Cmd
	done     chan struct{} // closed when it is gone
	err      error         // why; read after done
	expected atomic.Bool   // somebody asked it to end
}

// Name returns the program's name.
func (p *Process) Name() string { return p.name }

// Args returns the arguments that the program runs with.
func (p *Process) Args() []string { return append([]string(nil), p.args...) }

// LogPath returns the file that holds what the program printed, over all its lives.
func (p *Process) LogPath() string { return p.logPath }

// PID returns the process id, or 0 when it does not run.
func (p *Process) PID() int {
	if r := p.current.Load(); r != nil && !r.ended() {
		return r.command.Process.Pid
	}
	return 0
}

// Signal sends a signal. SIGKILL and SIGTERM count as asked for: the end they bring is not a failure.
func (p *Process) Signal(sig os.Signal) error {
	r := p.current.Load()
	if r == nil {
		return fmt.Errorf("signal %v to %s: it was not started", sig, p.name)
	}
	if sig == syscall.SIGKILL || sig == syscall.SIGTERM {
		r.expected.Store(true)
	}
	if err := r.command.Process.Signal(sig); err != nil {
		return fmt.Errorf("signal %v to %s: %w", sig, p.name, err)
	}
	return nil
}

// Wait returns when the process has ended, or with an error when ctx has.
func (p *Process) Wait(ctx context.Context) error {
	r := p.current.Load()
	if r == nil {
		return nil
	}
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for %s to end: %w", p.name, ctx.Err())
	}
}

// Stop ends the process: SIGTERM, then SIGKILL after a grace period. It also ends one that was stopped by SIGSTOP.
func (p *Process) Stop() error {
	p.lifecycle.Lock()
	defer p.lifecycle.Unlock()
	return p.stop()
}

func (p *Process) stop() error {
	r := p.current.Load()
	if r == nil || r.ended() {
		return nil
	}
	err := errors.Join(p.Signal(syscall.SIGTERM), p.Signal(syscall.SIGCONT))
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	select {
	case <-r.done:
		return nil
	case <-time.After(stopGrace):
		r.kill()
		return err
	}
}

// kill ends the process and whatever it started, at once.
func (p *Process) kill() {
	p.lifecycle.Lock()
	defer p.lifecycle.Unlock()
	if r := p.current.Load(); r != nil {
		r.kill()
	}
}

func (r *run) kill() {
	r.expected.Store(true)
	_ = syscall.Kill(-r.command.Process.Pid, syscall.SIGKILL) // fails only when it is gone already
	<-r.done
}

// Restart stops the process if it runs, starts it again, and waits until it is ready.
func (p *Process) Restart(ctx context.Context) error {
	p.lifecycle.Lock()
	defer p.lifecycle.Unlock()
	if err := p.stop(); err != nil {
		return err
	}
	if err := p.launch(); err != nil {
		return err
	}
	return p.await(ctx)
}

// start starts the process without waiting for it to be ready.
func (p *Process) start() error {
	p.lifecycle.Lock()
	defer p.lifecycle.Unlock()
	return p.launch()
}

func (p *Process) launch() error {
	log, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	command := exec.Command(p.path, p.args...) //nolint:noctx // it lives until somebody stops it
	command.Stdout, command.Stderr = log, log
	command.Dir, command.Env = p.dir, p.env
	command.SysProcAttr = childAttributes()
	r := &run{command: command, done: make(chan struct{})}
	started := make(chan error, 1)
	go r.live(log, started)
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.current.Store(r)
	return nil
}

// live starts the program and waits for its end on one thread: the kernel ties the child's life to the very thread that
// forked it, so that thread must neither end before it nor be given to anyone else.
func (r *run) live(log *os.File, started chan<- error) {
	runtime.LockOSThread()
	defer log.Close()
	if err := r.command.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	r.err = r.command.Wait()
	close(r.done)
}

func (r *run) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// failure returns why the process is gone although nobody asked it to, with the end of its log, or nil.
func (p *Process) failure() error {
	r := p.current.Load()
	if r == nil || !r.ended() || r.expected.Load() {
		return nil
	}
	reason := "exit status 0"
	if r.err != nil {
		reason = r.err.Error()
	}
	return fmt.Errorf("%s ended unexpectedly (%s); the end of its log:\n%s", p.name, reason, p.LogTail(20))
}
