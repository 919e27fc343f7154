package sampler

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func countNamed(list string) int {
	n := 0
	for line := range strings.Lines(list) {
		if strings.Contains(line, " name="+ClientName+" ") {
			n++
		}
	}
	return n
}

// stub is a server that answers as a test tells it to.
type stub struct {
	addr   string
	asked  chan string   // the name of each command
	closed chan struct{} // one for each connection that has ended
}

// reply answers one command with bytes. An empty one leaves it unanswered, and
// hangUp closes the connection.
type reply func(command []string) string

const hangUp = "\x00"

// stubbing starts a server that answers HELLO and CLIENT as an old Redis does, and
// everything else as reply says.
func stubbing(t *testing.T, reply reply) *stub {
	t.Helper()
	return stubbingAll(t, func(command []string) string {
		switch command[0] {
		case "hello":
			return "-ERR unknown command 'HELLO'\r\n"
		case "client":
			return "+OK\r\n"
		}
		return reply(command)
	})
}

// stubbingAll starts a server that answers everything as reply says.
func stubbingAll(t *testing.T, reply reply) *stub {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stub{addr: l.Addr().String(), closed: make(chan struct{}, 100), asked: make(chan string, 1000)}
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
				s.closed <- struct{}{}
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

func (s *stub) serve(conn net.Conn, reply reply) {
	in := bufio.NewReader(conn)
	for {
		command, err := readCommand(in)
		if err != nil {
			return
		}
		s.asked <- command[0]
		answer := reply(command)
		if answer == hangUp {
			return
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

func readCommand(in *bufio.Reader) ([]string, error) {
	count, err := readLength(in, '*')
	if err != nil {
		return nil, err
	}
	command := make([]string, count)
	for n := range command {
		size, err := readLength(in, '$')
		if err != nil {
			return nil, err
		}
		word := make([]byte, size+2)
		if _, err := io.ReadFull(in, word); err != nil {
			return nil, err
		}
		command[n] = string(word[:size])
	}
	command[0] = strings.ToLower(command[0])
	return command, nil
}

func readLength(in *bufio.Reader, kind byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("%q is not a length", line)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

func bulk(text string) string {
	return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text)
}

// goodInfo is an INFO that makes a sample.
const goodInfo = "# Server\r\nredis_version:6.2.0\r\nrun_id:a\r\nloading:0\r\nrole:master\r\n# Commandstats\r\n"

// healthy answers INFO with a text and ECHO with what it was given.
func healthy(info string) reply {
	return func(command []string) string {
		switch command[0] {
		case "info":
			return bulk(info)
		case "echo":
			return bulk(command[1])
		}
		return "+OK\r\n"
	}
}
