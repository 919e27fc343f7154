package samplertest

import (
	"bufio"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// Stub is a server whose replies a test chooses.
type Stub struct {
	Addr   string
	Asked  chan string   // the name of each command
	Closed chan struct{} // one for each connection that has ended
}

// Reply returns the bytes that answer a command. An empty reply leaves it unanswered,
// and hangUp closes the connection.
type Reply func(command []string) string

// HangUp is a Reply that closes the connection.
const HangUp = "\x00"

// NewStub starts a server that answers HELLO and CLIENT like an old Redis, and
// everything else by reply.
func NewStub(t *testing.T, reply Reply) *Stub {
	t.Helper()
	return NewRawStub(t, func(command []string) string {
		switch command[0] {
		case "hello":
			return "-ERR unknown command 'HELLO'\r\n"
		case "client":
			return "+OK\r\n"
		}
		return reply(command)
	})
}

// NewRawStub starts a server that answers everything by reply.
func NewRawStub(t *testing.T, reply Reply) *Stub {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Stub{Addr: l.Addr().String(), Closed: make(chan struct{}, 100), Asked: make(chan string, 1000)}
	var wg sync.WaitGroup
	var mu sync.Mutex
	conns := map[net.Conn]bool{}
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns[conn] = true
			mu.Unlock()
			wg.Go(func() {
				s.serve(conn, reply)
				_ = conn.Close()
				s.Closed <- struct{}{}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for conn := range conns {
			_ = conn.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return s
}

func (s *Stub) serve(conn net.Conn, reply Reply) {
	in := bufio.NewReader(conn)
	for {
		command, err := redistest.ReadCommand(in)
		if err != nil {
			return
		}
		s.Asked <- command[0]
		answer := reply(command)
		if answer == HangUp {
			return
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

// GoodInfo is an INFO that makes a sample.
const GoodInfo = "# Server\r\nredis_version:6.2.0\r\nrun_id:a\r\nloading:0\r\nrole:master\r\n# Commandstats\r\n"

// Healthy answers INFO with a text and ECHO with its argument.
func Healthy(info string) Reply {
	return func(command []string) string {
		switch command[0] {
		case "info":
			return redistest.Bulk(info)
		case "echo":
			return redistest.Bulk(command[1])
		}
		return "+OK\r\n"
	}
}

// AwaitAsked returns once the server has received a command.
func (s *Stub) AwaitAsked(t *testing.T, command string) {
	t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	for {
		select {
		case asked := <-s.Asked:
			if asked == command {
				return
			}
		case <-deadline.C:
			t.Fatalf("%s was not asked within %s", command, Patience)
		}
	}
}
