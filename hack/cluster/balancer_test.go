package cluster

import (
	"io"
	"net"
	"testing"
)

// TestBalancer connects while both servers accept, while one refuses, and while both refuse.
func TestBalancer(t *testing.T) {
	first, second := saying(t, "first"), saying(t, "second")
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBalancer(t.Context(), port, first.Addr().String(), second.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer b.listener.Close()
	heard := func() string {
		connection, err := net.Dial("tcp", loopback(port))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		text, _ := io.ReadAll(connection)
		return string(text)
	}
	for _, want := range []string{"first", "second", "first"} {
		if got := heard(); got != want {
			t.Errorf("%q answers, want %q", got, want)
		}
	}
	second.Close()
	for range 2 {
		if got := heard(); got != "first" {
			t.Errorf("%q answers while the second refuses", got)
		}
	}
	first.Close()
	if got := heard(); got != "" {
		t.Errorf("%q answers while both refuse", got)
	}
}

// saying returns a server that says its name and hangs up.
func saying(t *testing.T, name string) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(connection, name)
			connection.Close()
		}
	}()
	return listener
}
