package server

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// writeDeadline disconnects clients that do not read the response. Otherwise each would hold a turn, a goroutine and
// the response for as long as it likes. The generic API server's own timeout would wait for the blocked write.
type writeDeadline struct{ after time.Duration }

// withDeadline bounds the time until a request has been answered and its response read, except for profiles, which take
// as long as requested.
func (c writeDeadline) withDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var deadline time.Time // a connection may still have that of the request before
		if !strings.HasPrefix(r.URL.Path, "/debug/pprof/") {
			deadline = time.Now().Add(c.after)
		}
		_ = http.NewResponseController(w).SetWriteDeadline(deadline) // one that is closed is cut off already
		next.ServeHTTP(w, r)
	})
}

// listen bounds the time in which a client must read each piece that is written to it. Streams of an HTTP/2
// connection have their own deadlines, which do not help if the client reads nothing from the connection at all.
func (c writeDeadline) listen(l net.Listener) net.Listener { return deadlineListener{l, c.after} }

type deadlineListener struct {
	net.Listener
	after time.Duration
}

func (l deadlineListener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &deadlineConn{Conn: accepted, after: l.after}, nil
}

type deadlineConn struct {
	net.Conn
	after time.Duration

	mu       sync.Mutex
	deadline time.Time // that was asked for, zero for none
}

func (c *deadlineConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	next := time.Now().Add(c.after)
	if !c.deadline.IsZero() && c.deadline.Before(next) {
		next = c.deadline
	}
	_ = c.Conn.SetWriteDeadline(next) // the write fails on a closed connection
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *deadlineConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	return c.Conn.SetWriteDeadline(t)
}
