package redistest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strconv"
	"time"
)

// process is one process of a server.
type process struct {
	cmd    *exec.Cmd
	output *output
	done   chan struct{} // closed once the process is reaped
}

func startProcess(path string, args []string) (*process, error) {
	p := &process{cmd: exec.CommandContext(context.Background(), path, args...), output: &output{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.SysProcAttr = childAttributes()
	started := make(chan error, 1)
	go p.live(started)
	return p, <-started
}

// live starts the process and waits for its end on one thread. The kernel ends the
// child with the thread that forked it, so that thread must not end before.
func (p *process) live(started chan<- error) {
	runtime.LockOSThread()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		_ = p.cmd.Wait() // its output tells more than its exit code
	}
	close(p.done)
}

// await returns when the server answers, even with an error. A server that requires a
// password or is loading has started.
func (p *process) await(addr string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for !answers(ctx, addr, p.cmd.Process.Pid) {
		select {
		case <-p.done:
			if bytes.Contains(p.output.Bytes(), []byte("Address already in use")) {
				return errPortTaken
			}
			return fmt.Errorf("it ended at once: %s", p.output.Bytes())
		case <-ctx.Done():
			return fmt.Errorf("it did not answer within %s: %s", startWithin, p.output.Bytes())
		case <-tick.C:
		}
	}
	return nil
}

// answers reports whether a Redis server answers at an address. If it reports its
// process ID, that must be the expected one, and not that of another server on a reused
// port.
func answers(ctx context.Context, addr string, pid int) bool {
	dialer := net.Dialer{}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("INFO server\r\n")); err != nil {
		return false
	}
	reply := make([]byte, 4<<10)
	n := 0
	for n < len(reply) {
		got, err := conn.Read(reply[n:])
		n += got
		if err != nil {
			return false
		}
		if bytes.HasPrefix(reply[:n], []byte("-")) && bytes.HasSuffix(reply[:n], []byte("\r\n")) {
			return true
		}
		if bytes.Contains(reply[:n], []byte("\r\nprocess_id:"+strconv.Itoa(pid)+"\r\n")) {
			return true
		}
	}
	return false
}
