package redistest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// startWithin bounds how long a server may take until it answers.
	startWithin = time.Minute
	// startTries is how often another port is tried if one has been taken meanwhile.
	startTries = 5
	poll       = 5 * time.Millisecond
	loopback   = "127.0.0.1"
)

// Server is one server process.
type Server struct {
	// Program is what the process runs.
	Program Program
	// Addr is its host, the first one of "--bind", and its port. Restart does not change it.
	Addr string
	// TLSAddr is where it accepts TLS, empty if it does not.
	TLSAddr string
	// Password is the default user's, from "--requirepass", empty if it has none.
	Password string

	t testing.TB
	// args come first on the command line, and bus is the port of the cluster bus.
	args   []string
	bus    string
	dir    string
	client *redis.Client
	proc   *process
}

// New starts a server of the default program.
func New(t testing.TB, args ...string) *Server {
	t.Helper()
	return Default(t).New(t, args...)
}

// New starts a server and waits until it answers.
func (p Program) New(t testing.TB, args ...string) *Server {
	t.Helper()
	return p.launch(t, append([]string{"--save", "", "--appendonly", "no"}, args...)...)
}

// launch starts a process with arguments that precede those of all servers.
func (p Program) launch(t testing.TB, args ...string) *Server {
	t.Helper()
	s := &Server{Program: p, t: t, Password: argument(args, "--requirepass"), args: args, dir: t.TempDir()}
	t.Cleanup(s.end)
	host := cmp.Or(argument(args, "--bind"), loopback)
	var err error
	for range startTries {
		s.Addr = freeAddr(t, host)
		if argument(args, "--tls-cert-file") != "" {
			s.TLSAddr = freeAddr(t, host)
		}
		if argument(args, "--cluster-enabled") == "yes" {
			_, s.bus, _ = net.SplitHostPort(freeAddr(t, host))
		}
		if err = s.start(); !errors.Is(err, errPortTaken) {
			break
		}
	}
	if err != nil {
		t.Fatalf("starting %s: %v", p.Name, err)
	}
	return s
}

// argument returns the value of an argument, empty if it is absent.
func argument(args []string, name string) string {
	if n := slices.Index(args, name); n >= 0 && n+1 < len(args) {
		return args[n+1]
	}
	return ""
}

// Client returns a client of database 0, as the default user. The first call creates
// it. Its connections count among the server's clients.
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

// link returns the address at which other servers reach it.
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
		s.t.Fatalf("%s answered %v: %v", s.Program.Name, args[0], err)
	}
	return reply
}

// text runs a command that replies with text.
func (s *Server) text(args ...any) string {
	s.t.Helper()
	text, ok := s.Do(args...).(string)
	if !ok {
		s.t.Fatalf("%s did not answer %v with text", s.Program.Name, args[0])
	}
	return text
}

// await waits until a condition holds. If it never does, the test fails with the reply to a command.
func (s *Server) await(what string, holds func() bool, state ...any) {
	s.t.Helper()
	err := wait.PollUntilContextTimeout(s.t.Context(), poll, startWithin, true, func(context.Context) (bool, error) { return holds(), nil })
	if err != nil {
		s.t.Fatalf("waited %s in vain that %s: %s", startWithin, what, s.text(state...))
	}
}

// Kill ends the process with SIGKILL, like a crash, and waits until it has ended.
func (s *Server) Kill() {
	s.t.Helper()
	s.Signal(syscall.SIGKILL)
	<-s.proc.done
}

// Signal sends a signal to the process: SIGSTOP suspends it with its connections open,
// SIGCONT resumes it.
func (s *Server) Signal(signal syscall.Signal) {
	s.t.Helper()
	if err := s.proc.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Fatalf("sending %v to %s: %v", signal, s.Program.Name, err)
	}
}

// Restart kills the process, if it still runs, and starts another with the same
// address, directory and arguments.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.start(); err != nil {
		s.t.Fatalf("starting %s again: %v", s.Program.Name, err)
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
	if s.bus != "" {
		args = append(args, "--cluster-port", s.bus)
	}
	if !slices.Contains(s.args, "--bind") {
		args = append(args, "--bind", loopback)
	}
	p, err := startProcess(s.Program.Path, args)
	if err != nil {
		return err
	}
	s.proc = p
	return p.await(s.Addr)
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
