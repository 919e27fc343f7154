package redistest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// startWithin bounds how long a server may take until it answers.
	startWithin = 30 * time.Second
	// startTries is how often another port is tried when one was taken meanwhile.
	startTries = 5
	poll       = 5 * time.Millisecond
	loopback   = "127.0.0.1"
)

// Server is one redis-server process.
type Server struct {
	// Addr is its host, the first that "--bind" names, and its port. It stays the same over Restart.
	Addr string
	// TLSAddr is where it speaks TLS, empty if it does not.
	TLSAddr string
	// Password is that of the default user, as "--requirepass" gave it; empty for none.
	Password string

	t testing.TB
	// args come first on the command line, and bus is the port of the cluster bus.
	args   []string
	bus    string
	dir    string
	client *redis.Client
	proc   *process
}

// process is one life of a redis-server.
type process struct {
	cmd    *exec.Cmd
	output *output
	done   chan struct{} // closed once the process is reaped
}

// New starts a server and waits until it answers.
func New(t testing.TB, args ...string) *Server {
	t.Helper()
	return launch(t, append([]string{"--save", "", "--appendonly", "no"}, args...)...)
}

// launch starts a process with arguments that stand before those of all servers.
func launch(t testing.TB, args ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("this test needs a real Redis and redis-server is not on PATH: install it, on Debian with apt-get install redis-server")
	}
	s := &Server{t: t, Password: argument(args, "--requirepass"), args: args, dir: t.TempDir()}
	t.Cleanup(s.end)
	host := cmp.Or(argument(args, "--bind"), loopback)
	var err error
	for range startTries {
		s.Addr = freeAddr(t, host)
		if argument(args, "--tls-cert-file") != "" {
			s.TLSAddr = freeAddr(t, host)
		}
		if err = s.start(); !errors.Is(err, errPortTaken) {
			break
		}
	}
	if err != nil {
		t.Fatalf("starting redis-server: %v", err)
	}
	return s
}

// argument is the value of an argument, empty without it.
func argument(args []string, name string) string {
	if n := slices.Index(args, name); n >= 0 && n+1 < len(args) {
		return args[n+1]
	}
	return ""
}

// Client returns a client of database 0, as the default user, made at the first
// call. Its connections count among the server's clients.
func (s *Server) Client() *redis.Client {
	if s.client == nil {
		s.client = redis.NewClient(&redis.Options{Addr: s.Addr, Password: s.Password, DisableIdentity: true, Protocol: 2})
	}
	return s.client
}

// Dial returns another client, whose reads wait without a limit. It is closed
// with the test.
func (s *Server) Dial() *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: s.Addr, Password: s.Password, DisableIdentity: true, Protocol: 2, ReadTimeout: -1})
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// link is where other servers reach it.
func (s *Server) link() (host, port string) {
	s.t.Helper()
	addr := s.Addr
	if argument(s.args, "--tls-replication") == "yes" {
		addr = s.TLSAddr
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		s.t.Fatal(err)
	}
	return host, port
}

// Do runs one command and returns its reply. An error ends the test.
func (s *Server) Do(args ...any) any {
	s.t.Helper()
	reply, err := s.Client().Do(s.t.Context(), args...).Result()
	if err != nil {
		s.t.Fatalf("redis-server answered %v: %v", args[0], err)
	}
	return reply
}

// Kill ends the process as a crash does, with SIGKILL, and waits until it is gone.
func (s *Server) Kill() {
	s.t.Helper()
	s.Signal(syscall.SIGKILL)
	<-s.proc.done
}

// Signal sends a signal to the process: SIGSTOP makes it hang with its
// connections open, SIGCONT lets it go on.
func (s *Server) Signal(signal syscall.Signal) {
	s.t.Helper()
	if err := s.proc.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Fatalf("sending %v to redis-server: %v", signal, err)
	}
}

// Restart kills the process, if it still runs, and starts another one with the
// same address, directory and arguments.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.start(); err != nil {
		s.t.Fatalf("starting redis-server again: %v", err)
	}
}

func (s *Server) end() {
	if s.client != nil {
		_ = s.client.Close()
	}
	if s.proc != nil {
		_ = s.proc.cmd.Process.Kill() // SIGKILL ends a stopped process as well
		<-s.proc.done
	}
}

var errPortTaken = errors.New("the port was taken meanwhile")

func (s *Server) start() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	args := append(slices.Clone(s.args), "--port", port, "--dir", s.dir, "--daemonize", "no")
	if s.TLSAddr != "" {
		_, port, err := net.SplitHostPort(s.TLSAddr)
		if err != nil {
			return err
		}
		args = append(args, "--tls-port", port)
	}
	if !slices.Contains(s.args, "--bind") {
		args = append(args, "--bind", loopback)
	}
	p := &process{cmd: exec.CommandContext(context.Background(), "redis-server", args...), output: &output{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		return err
	}
	s.proc = p
	go func() {
		_ = p.cmd.Wait() // its output tells more than its exit code
		close(p.done)
	}()
	return p.await(s.Addr)
}

// await returns when the server speaks Redis, whatever it says: one that wants
// a password or is loading has started.
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

// answers tells whether a Redis server answers at an address, and, if it says
// so, that it is the process of that id and not another one on a reused port.
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

func freeAddr(t testing.TB, host string) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatalf("finding a free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// output keeps what a process wrote, for the message of a test that fails.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) Bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.buf.Bytes())
}
