package verifier

import (
	"bufio"
	"context"
	"net"
	"testing"
	"time"
)

func TestIdleClientsComeAgain(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		NewIdleClients(server.Addr().String(), "user", "password", &Truth{}).stay(ctx, Blocked, "BLPOP no-such-list 0\r\n")
	}()
	for range 2 {
		conn, err := server.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		lines := bufio.NewScanner(conn)
		if !lines.Scan() {
			t.Fatal("a idle client says nothing")
		}
		if _, err := conn.Write([]byte("+PONG\r\n-READONLY You can't write against a read only replica.\r\n")); err != nil {
			t.Fatal(err)
		}
		if lines.Scan() || lines.Err() != nil {
			t.Fatalf("a idle client stays: %q, %v", lines.Text(), lines.Err())
		}
		_ = conn.Close()
	}
	leave()
	<-gone
}
