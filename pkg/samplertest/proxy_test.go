package samplertest

import (
	"io"
	"net"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

func TestProxyPasses(t *testing.T) {
	server := redistest.New(t)
	p := NewProxy(t, "127.0.0.1:0", server)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p.Cut()
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		t.Fatal(err)
	}
	p.Mend()
	reply := make([]byte, len("+PONG\r\n"))
	if _, err := io.ReadFull(conn, reply); err != nil || string(reply) != "+PONG\r\n" {
		t.Errorf("the server answered %q, %v", reply, err)
	}
}
