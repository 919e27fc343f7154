package faults

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
)

// Teller is a way to a server that rewrites what the server tells in INFO. It is reached at each address of this machine.
type Teller struct {
	listener net.Listener
	server   string

	mu      sync.Mutex
	rewrite func(at net.IP, info string) string
	open    map[net.Conn]bool
}

// NewTeller opens a way to a server. The caller closes it.
func NewTeller(server string) (*Teller, error) {
	listener, err := net.Listen("tcp4", "0.0.0.0:0") //nolint:noctx // it is closed by Close
	if err != nil {
		return nil, fmt.Errorf("open a teller: %w", err)
	}
	t := &Teller{listener: listener, server: server, open: map[net.Conn]bool{}}
	go t.accept()
	return t, nil
}

// Address is the host and port at which the server is reached.
func (t *Teller) Address() string {
	_, port, _ := net.SplitHostPort(t.listener.Addr().String())
	return net.JoinHostPort("127.0.0.1", port)
}

// Rewrite rewrites INFO from now on, by the address at which it is asked. Nil lets it be.
func (t *Teller) Rewrite(rewrite func(at net.IP, info string) string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rewrite = rewrite
}

// Close cuts all connections and takes no more.
func (t *Teller) Close() {
	_ = t.listener.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	for conn := range t.open {
		_ = conn.Close()
	}
}

func (t *Teller) accept() {
	for {
		client, err := t.listener.Accept()
		if err != nil {
			return
		}
		go t.serve(client)
	}
}

func (t *Teller) serve(client net.Conn) {
	defer t.forget(client)
	server, err := net.Dial("tcp", t.server) //nolint:noctx // a server of this machine
	if err != nil {
		return
	}
	defer t.forget(server)
	t.mu.Lock()
	t.open[client], t.open[server] = true, true
	t.mu.Unlock()
	go func() {
		defer t.forget(server)
		_, _ = io.Copy(server, client)
	}()
	at, _ := client.LocalAddr().(*net.TCPAddr)
	t.answer(client, bufio.NewReader(server), at.IP)
}

func (t *Teller) forget(conn net.Conn) {
	_ = conn.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, conn)
}

// answer passes answers on, of any type: each begins with a line, after which a text follows if the line tells its length.
// Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
func (t *Teller) answer(client io.Writer, server *bufio.Reader, at net.IP) {
	for {
		line, err := server.ReadBytes('\n')
		if err != nil {
			return
		}
		if length, ok := lengthOf(line); ok {
			text := make([]byte, length+len("\r\n"))
			if _, err := io.ReadFull(server, text); err != nil {
				return
			}
			line = t.rewritten(line, text, at)
		}
		if _, err := client.Write(line); err != nil {
			return
		}
	}
}

func lengthOf(line []byte) (length int, ok bool) {
	if line[0] != '$' && line[0] != '=' {
		return 0, false
	}
	length, err := strconv.Atoi(strings.TrimSpace(string(line[1:])))
	return length, err == nil && length >= 0
}

// rewritten returns a text with the line that tells its length.
func (t *Teller) rewritten(line, text []byte, at net.IP) []byte {
	t.mu.Lock()
	rewrite := t.rewrite
	t.mu.Unlock()
	if rewrite == nil || !bytes.Contains(text, []byte("\r\nredis_version:")) {
		return append(line, text...)
	}
	info := rewrite(at, strings.TrimSuffix(string(text), "\r\n"))
	return fmt.Appendf(nil, "%c%d\r\n%s\r\n", line[0], len(info), info)
}
