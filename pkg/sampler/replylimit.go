package sampler

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Bounds on what a server may answer. An INFO is 5 to 50 KB, a HELLO is an
// array of 14 with the list of modules in it, and a SCAN finds a few thousand keys.
const (
	maxReplyBytes = 1 << 20
	maxInfoBytes  = 256 << 10
	maxLineBytes  = 4 << 10
	maxElements   = 1 << 13
	maxDepth      = 8
)

// errReply says that a server's answer is not of the protocol, or is out of bounds.
var errReply = errors.New("reply refused")

// replyLimit is a connection whose server is not trusted. go-redis allocates what a
// reply announces before it arrives, panics on a length past what it can
// allocate, and follows nested replies without a limit; the guard reads along
// and fails before go-redis sees such a reply. It knows RESP2, which is all that
// is asked for.
type replyLimit struct {
	net.Conn
	socket net.Conn // what Conn reads from: Conn itself, unless that is TLS
	err    error
	line   []byte      // the line read so far
	bulk   int         // bytes of a bulk string still to come, its CRLF among them
	nested []int       // elements still to come of each open array
	bytes  int         // of the reply read so far
	begun  atomic.Bool // whether a reply has been read to its end
	// asked is when what the server was asked last began to be written: the first bytes after some were read.
	asked time.Time
	heard bool
	// until is the deadline of reads and writes.
	until time.Time
	// refusal is the first reply, if it is an error: what a server says that
	// closes the connection right away.
	refusal atomic.Pointer[string]
	// release says that the connection counts no more, nil where it does not.
	release func()
	// script follows a script that is asked, nil where none is followed.
	script *askedScript
}

// Read fails for good once the server has said what it must not.
func (g *replyLimit) Read(b []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.Conn.Read(b)
	g.heard = g.heard || n > 0
	if g.script != nil {
		g.script.read(b[:n])
	}
	if g.err = g.follow(b[:n]); g.err != nil {
		return 0, g.err
	}
	return n, err
}

// Close ends reads and writes alone while the connection is to be watched afterwards.
func (g *replyLimit) Close() error {
	if g.script != nil && g.script.watched.Load() {
		return g.Conn.SetDeadline(time.Unix(1, 0))
	}
	return g.end()
}

// end closes the connection.
func (g *replyLimit) end() error {
	if g.release != nil {
		g.release()
	}
	return g.Conn.Close()
}

// Write notes when the server is asked.
func (g *replyLimit) Write(b []byte) (int, error) {
	if g.heard || g.asked.IsZero() {
		g.heard, g.asked = false, time.Now()
	}
	n, err := g.Conn.Write(b)
	if g.script != nil && err == nil {
		g.script.wrote(b)
	}
	return n, err
}

// SetReadDeadline bounds writes as well: an attempt has one deadline, which go-redis
// sets before it writes and again before it reads, and a deadline is not cheap.
func (g *replyLimit) SetReadDeadline(until time.Time) error { return g.SetDeadline(until) }

// SetWriteDeadline bounds reads as well.
func (g *replyLimit) SetWriteDeadline(until time.Time) error { return g.SetDeadline(until) }

// SetDeadline does nothing if the deadline is that already.
func (g *replyLimit) SetDeadline(until time.Time) error {
	if until.Equal(g.until) {
		return nil
	}
	err := g.Conn.SetDeadline(until)
	if err == nil {
		g.until = until
	}
	return err
}

// SyscallConn lets go-redis see that an idle connection was closed. So it does
// under TLS: once a reply has been read, all that a server may send by itself is
// that it closes the connection.
func (g *replyLimit) SyscallConn() (syscall.RawConn, error) {
	conn, ok := g.socket.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return conn.SyscallConn()
}

func (g *replyLimit) follow(b []byte) error {
	for len(b) > 0 {
		if g.bulk > 0 {
			n := min(g.bulk, len(b))
			if err := g.endOfBulk(b[:n]); err != nil {
				return err
			}
			b = b[n:]
			continue
		}
		c := b[0]
		b = b[1:]
		if g.line = append(g.line, c); len(g.line) > maxLineBytes {
			return fmt.Errorf("%w: a line is too long", errReply)
		}
		if c != '\n' {
			continue
		}
		if err := g.endOfLine(); err != nil {
			return err
		}
		g.line = g.line[:0]
	}
	return nil
}

// endOfBulk takes bytes of a bulk string, whose last two are CRLF.
func (g *replyLimit) endOfBulk(b []byte) error {
	for n := max(0, g.bulk-len("\r\n")); n < len(b); n++ {
		if left := g.bulk - n; left == 2 && b[n] != '\r' || left == 1 && b[n] != '\n' {
			return fmt.Errorf("%w: a bulk string does not end where it should", errReply)
		}
	}
	if g.bulk -= len(b); g.bulk == 0 {
		g.endOfValue()
	}
	return nil
}

func (g *replyLimit) endOfLine() error {
	line := string(g.line)
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return fmt.Errorf("%w: a line does not end in CRLF, or is empty", errReply)
	}
	if g.bytes += len(line); g.bytes > maxReplyBytes {
		return fmt.Errorf("%w: it is too large", errReply)
	}
	rest := line[1 : len(line)-2]
	switch line[0] {
	case '-':
		if !g.begun.Load() && len(g.nested) == 0 {
			refusal := rest
			g.refusal.Store(&refusal)
		}
	case '+', ':':
	case '$':
		return g.beginBulk(rest)
	case '*':
		return g.beginArray(rest)
	default:
		return fmt.Errorf("%w: an unknown type", errReply)
	}
	g.endOfValue()
	return nil
}

// length reads the length of a bulk string or an array. -1 stands for null.
func length(text string, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < -1 || n > most || strings.HasPrefix(text, "+") {
		return 0, fmt.Errorf("%w: a length out of bounds", errReply)
	}
	return n, nil
}

func (g *replyLimit) beginBulk(text string) error {
	n, err := length(text, maxReplyBytes-g.bytes)
	if err != nil {
		return err
	}
	if n < 0 {
		g.endOfValue()
		return nil
	}
	g.bulk = n + len("\r\n")
	g.bytes += g.bulk
	return nil
}

func (g *replyLimit) beginArray(text string) error {
	n, err := length(text, maxElements)
	if err != nil {
		return err
	}
	if n <= 0 {
		g.endOfValue()
		return nil
	}
	if len(g.nested) == maxDepth {
		return fmt.Errorf("%w: nested too deep", errReply)
	}
	g.nested = append(g.nested, n)
	return nil
}

// endOfValue closes the arrays that the value just read was the last one of.
func (g *replyLimit) endOfValue() {
	for len(g.nested) > 0 {
		last := len(g.nested) - 1
		if g.nested[last]--; g.nested[last] > 0 {
			return
		}
		g.nested = g.nested[:last]
	}
	g.begun.Store(true)
	g.bytes = 0
}
