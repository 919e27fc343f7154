package samplertest

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// Proxy is a network between the adapter and one server that a test may cut.
type Proxy struct {
	Addr  string
	there string

	mu sync.Mutex
	// open is closed while bytes pass. Each cut replaces it.
	requests, replies chan struct{}
	conns             []net.Conn
}

// NewProxy starts a proxy of a server at an address of this machine, such as 127.0.0.1:0.
func NewProxy(t *testing.T, at string, server *redistest.Server) *Proxy {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: listener.Addr().String(), there: server.Addr, requests: passing(), replies: passing()}
	var serving sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(ctx, conn) })
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = listener.Close()
		p.Reset()
		serving.Wait()
	})
	return p
}

func passing() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// Port returns the port of the proxy.
func (p *Proxy) Port(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// Cut holds back all bytes from now on. Connections can still be made.
func (p *Proxy) Cut() { p.hold(true, true) }

// Mute holds back requests, and forwards replies.
func (p *Proxy) Mute() { p.hold(true, false) }

// Deafen forwards requests, and holds back replies.
func (p *Proxy) Deafen() { p.hold(false, true) }

func (p *Proxy) hold(requests, replies bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if requests {
		p.requests = make(chan struct{})
	}
	if replies {
		p.replies = make(chan struct{})
	}
}

// Mend forwards all bytes that were held back, and those that follow.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, gate := range []*chan struct{}{&p.requests, &p.replies} {
		select {
		case <-*gate:
		default:
			close(*gate)
		}
	}
}

// Reset closes all connections.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}

func (p *Proxy) serve(ctx context.Context, client net.Conn) {
	defer client.Close()
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.there)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns = append(p.conns, client, server)
	p.mu.Unlock()
	var pumping sync.WaitGroup
	pumping.Go(func() { p.pump(ctx, server, client, &p.requests) })
	pumping.Go(func() { p.pump(ctx, client, server, &p.replies) })
	pumping.Wait()
}

// pump copies until one end closes. What it has read while the gate is shut, including
// the end of the stream, waits.
func (p *Proxy) pump(ctx context.Context, to, from net.Conn, gate *chan struct{}) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		open := *gate
		p.mu.Unlock()
		select {
		case <-open:
		case <-ctx.Done():
			return
		}
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			_ = to.Close()
			return
		}
	}
}
