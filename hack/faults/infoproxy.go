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

// InfoProxy is a proxy of a server that rewrites its INFO. It listens at each address of this machine.
type InfoProxy struct {
	listener net.Listener
	server   string

	mu      sync.Mutex
	rewrite func(at net.IP, info string) string
	open    map[net.Conn]bool
}

// NewInfoProxy starts a proxy of a server. The caller closes it.
func NewInfoProxy(server string) (*InfoProxy, error) {
	listener, err := net.Listen("tcp4", "0.0.0.0:0") //nolint:noctx // it is closed by Close
	if err != nil {
		return nil, fmt.Errorf("open a proxy: %w", err)
	}
	p := &InfoProxy{listener: listener, server: server, open: map[net.Conn]bool{}}
	go p.accept()
	return p, nil
}

// Address returns the host and port at which the server is reached.
func (p *InfoProxy) Address() string {
	_, port, _ := net.SplitHostPort(p.listener.Addr().String())
	return net.JoinHostPort("127.0.0.1", port)
}

// Rewrite rewrites INFO from now on, depending on the address of the connection. nil
// stops rewriting.
func (p *InfoProxy) Rewrite(rewrite func(at net.IP, info string) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rewrite = rewrite
}

// Close cuts all connections and accepts no more.
func (p *InfoProxy) Close() {
	_ = p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		_ = conn.Close()
	}
}

func (p *InfoProxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(client)
	}
}

func (p *InfoProxy) serve(client net.Conn) {
	defer p.forget(client)
	server, err := net.Dial("tcp", p.server) //nolint:noctx // a server of this machine
	if err != nil {
		return
	}
	defer p.forget(server)
	p.mu.Lock()
	p.open[client], p.open[server] = true, true
	p.mu.Unlock()
	go func() {
		defer p.forget(server)
		_, _ = io.Copy(server, client)
	}()
	at, _ := client.LocalAddr().(*net.TCPAddr)
	p.answer(client, bufio.NewReader(server), at.IP)
}

func (p *InfoProxy) forget(conn net.Conn) {
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, conn)
}

// answer forwards replies of any type. Each begins with a line, which a text follows if the line states its length.
// Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
func (p *InfoProxy) answer(client io.Writer, server *bufio.Reader, at net.IP) {
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
			line = p.rewritten(line, text, at)
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

// rewritten returns a text with the line that states its length.
func (p *InfoProxy) rewritten(line, text []byte, at net.IP) []byte {
	p.mu.Lock()
	rewrite := p.rewrite
	p.mu.Unlock()
	if rewrite == nil || !bytes.Contains(text, []byte("\r\nredis_version:")) {
		return append(line, text...)
	}
	info := rewrite(at, strings.TrimSuffix(string(text), "\r\n"))
	return fmt.Appendf(nil, "%c%d\r\n%s\r\n", line[0], len(info), info)
}
