package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// stopGrace is how long a process may take to end by itself after SIGTERM.
const stopGrace = 10 * time.Second

// Program says how to run a program.
type Program struct {
	// Name names the process and its log.
	Name string
	// Path is what to run: a path, or a name on PATH.
	Path string
	Args []string
	// Env is the environment. Default: this program's own.
	Env []string
	// Ready returns nil once the program serves. Default: it is ready at once.
	Ready func(context.Context) error
}

// Process is a program that can be started, signalled, stopped and started again with the same arguments.
type Process struct {
	program Program
	dir     string
	logPath string

	lifecycle sync.Mutex // held over start, stop and restart
	current   atomic.Pointer[run]
}

// run is one life of a process.
type run struct {
	command  *exec.Cmd
	done     chan struct{} // closed when it is gone
	expected atomic.Bool   // somebody asked it to end
}

func (c *Cluster) newProcess(program Program) *Process {
	return &Process{program: program, dir: c.dir, logPath: filepath.Join(c.dir, "logs", program.Name+".log")}
}

// Args returns the arguments that the program runs with.
func (p *Process) Args() []string { return slices.Clone(p.program.Args) }

// LogPath returns the file that holds what the program printed, over all its lives.
func (p *Process) LogPath() string { return p.logPath }

// LogTail returns the last lines that the program printed.
func (p *Process) LogTail(lines int) string {
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// PID returns the process id, or 0 when it does not run.
func (p *Process) PID() int {
	if r := p.current.Load(); r != nil && !r.ended() {
		return r.command.Process.Pid
	}
	return 0
}

// Signal sends a signal. The end that SIGKILL or SIGTERM brings is not a failure.
func (p *Process) Signal(sig os.Signal) error {
	r := p.current.Load()
	if r == nil {
		return fmt.Errorf("signal %v to %s: it was not started", sig, p.program.Name)
	}
	if sig == syscall.SIGKILL || sig == syscall.SIGTERM {
		r.expected.Store(true)
	}
	if err := r.command.Process.Signal(sig); err != nil {
		return fmt.Errorf("signal %v to %s: %w", sig, p.program.Name, err)
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
		return fmt.Errorf("wait for %s to end: %w", p.program.Name, ctx.Err())
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
		return fmt.Errorf("start %s: %w", p.program.Name, err)
	}
	command := exec.Command(p.program.Path, p.program.Args...) //nolint:noctx // it lives until somebody stops it
	command.Stdout, command.Stderr = log, log
	command.Dir, command.Env = p.dir, p.program.Env
	command.SysProcAttr = childAttributes()
	r := &run{command: command, done: make(chan struct{})}
	started := make(chan error, 1)
	go r.live(log, started)
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", p.program.Name, err)
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
	_ = r.command.Wait() // ProcessState says how it ended
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
	return fmt.Errorf("%s ended unexpectedly (%s); the end of its log:\n%s", p.program.Name, r.command.ProcessState, p.LogTail(20))
}

func (p *Process) await(ctx context.Context) error {
	if p.program.Ready == nil {
		return nil
	}
	return await(ctx, p.program.Name, p.failure, p.program.Ready)
}
