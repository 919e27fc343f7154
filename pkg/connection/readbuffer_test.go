package connection

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// buffered is a buffered connection and the other end of its connection.
func buffered(t *testing.T) (*readBuffer, net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = conn.Close(), server.Close() })
	b, ok := newReadBuffer(conn, newReadBuffers()).(*readBuffer)
	if !ok {
		t.Fatal("a socket is not buffered")
	}
	return b, server
}

func say(t *testing.T, server net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(server, text); err != nil {
		t.Fatal(err)
	}
}

func TestReadBufferGivesAllInOrder(t *testing.T) {
	b, server := buffered(t)
	text := strings.Repeat("0123456789", 5000) // three reads
	go func() {
		say(t, server, text)
		_ = server.Close()
	}()
	var got strings.Builder
	for piece := make([]byte, 7001); ; {
		n, err := b.Read(piece)
		got.Write(piece[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got.String() != text {
		t.Errorf("read %d bytes, want the %d that were written", got.Len(), len(text))
	}
}

func TestReadBufferHoldsABufferWhileSomethingIsLeft(t *testing.T) {
	b, server := buffered(t)
	say(t, server, "ab")
	one := make([]byte, 1)
	for n, left := range []bool{true, false} {
		if _, err := io.ReadFull(b, one); err != nil {
			t.Fatal(err)
		}
		if _, err := b.SyscallConn(); (b.held != nil) != left || (err != nil) != left {
			t.Errorf("after %d bytes of 2: a buffer %t, SyscallConn() = %v", n+1, b.held != nil, err)
		}
	}
	if n, err := b.Read(nil); n != 0 || err != nil {
		t.Errorf("Read(nil) = %d, %v", n, err)
	}
}

func TestReadBufferFailsAsItsConnectionDoes(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(b *readBuffer, server net.Conn) error
		want error
	}{
		{"deadline", func(b *readBuffer, _ net.Conn) error { return b.SetReadDeadline(time.Now().Add(10 * time.Millisecond)) }, os.ErrDeadlineExceeded},
		{"closed by the server", func(_ *readBuffer, server net.Conn) error { return server.Close() }, io.EOF},
		{"closed here", func(b *readBuffer, _ net.Conn) error { return b.Close() }, net.ErrClosed},
		{"reset", func(_ *readBuffer, server net.Conn) error {
			return errors.Join(server.(*net.TCPConn).SetLinger(0), server.Close())
		}, syscall.ECONNRESET},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, server := buffered(t)
			if err := test.make(b, server); err != nil {
				t.Fatal(err)
			}
			if n, err := b.Read(make([]byte, 8)); n != 0 || !errors.Is(err, test.want) || b.held != nil {
				t.Errorf("Read() = %d, %v; want %v and no buffer held", n, err, test.want)
			}
		})
	}
}
