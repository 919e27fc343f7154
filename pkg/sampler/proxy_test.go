package sampler

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// proxy stands between the adapter and one server, as a network does that may be cut.
type proxy struct {
	addr  string
	there string

	mu sync.Mutex
	// open is closed while bytes pass. Each cut makes another one.
	requests, replies chan struct{}
	conns             []net.Conn
}

// between starts a proxy of a server at an address of this machine, such as 127.0.0.1:0.
func between(t *testing.T, at string, server *redistest.Server) *proxy {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: listener.Addr().String(), there: server.Addr, requests: passing(), replies: passing()}
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
		p.reset()
		serving.Wait()
	})
	return p
}

func passing() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func (p *proxy) port(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(p.addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// cut holds back all bytes from now on; connections can still be made.
func (p *proxy) cut() { p.hold(true, true) }

// deafen lets requests through, and holds back the replies.
func (p *proxy) deafen() { p.hold(false, true) }

func (p *proxy) hold(requests, replies bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if requests {
		p.requests = make(chan struct{})
	}
	if replies {
		p.replies = make(chan struct{})
	}
}

// mend lets all bytes through that were held back, and those that follow.
func (p *proxy) mend() {
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

// reset closes all connections.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}

func (p *proxy) serve(ctx context.Context, client net.Conn) {
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

// pump copies until one end closes. What it has read while the gate is shut, the
// end of the stream among it, waits.
func (p *proxy) pump(ctx context.Context, to, from net.Conn, gate *chan struct{}) {
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

func TestProxyPasses(t *testing.T) {
	server := redistest.New(t)
	p := between(t, "127.0.0.1:0", server)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p.cut()
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		t.Fatal(err)
	}
	p.mend()
	reply := make([]byte, len("+PONG\r\n"))
	if _, err := io.ReadFull(conn, reply); err != nil || string(reply) != "+PONG\r\n" {
		t.Errorf("the server answered %q, %v", reply, err)
	}
}
