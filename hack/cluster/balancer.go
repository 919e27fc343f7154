package cluster

import (
	"context"
	"io"
	"net"
)

// balancer forwards connections to API servers in turn, and passes over one that refuses. It lives until its listener
// is closed; a connection lives until one of its ends closes it.
type balancer struct {
	listener net.Listener
	servers  []string
}

func newBalancer(ctx context.Context, port int, servers ...string) (*balancer, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", loopback(port))
	if err != nil {
		return nil, err
	}
	b := &balancer{listener, servers}
	go b.serve()
	return b, nil
}

func (b *balancer) serve() {
	for turn := 0; ; turn++ {
		client, err := b.listener.Accept()
		if err != nil {
			return
		}
		go b.forward(client, turn)
	}
}

func (b *balancer) forward(client net.Conn, turn int) {
	defer client.Close()
	var dialer net.Dialer
	for i := range b.servers {
		server, err := dialer.DialContext(context.Background(), "tcp", b.servers[(turn+i)%len(b.servers)])
		if err != nil {
			continue
		}
		Join(client, server)
		return
	}
}

// Join hands on what each end of two connections writes to the other, until one end closes. It closes server.
func Join(client, server net.Conn) {
	go func() {
		defer server.Close()
		_, _ = io.Copy(server, client)
	}()
	_, _ = io.Copy(client, server)
}
