package server

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// writeDeadline cuts off clients that do not read what they asked for: else each of them would keep a turn, a goroutine and
// the answer for as long as it likes. The generic API server's own timeout waits for the write that they hold up.
type writeDeadline struct{ after time.Duration }

// withDeadline bounds the time in which a request has to be answered and its answer to be read, except of profiles, which
// take as long as was asked for.
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

// listen bounds the time in which a client has to take each piece that is written to it. Streams of one HTTP/2
// connection have deadlines of their own, which are of no use where nothing is taken from the connection at all.
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
