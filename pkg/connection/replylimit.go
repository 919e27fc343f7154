package connection

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

// Bounds on what a server may reply. An INFO is 5 to 50 KB, a HELLO is an
// array of 14 with the list of modules in it, and a SCAN finds a few thousand keys.
const (
	maxReplyBytes = 1 << 20
	maxInfoBytes  = 256 << 10
	maxLineBytes  = 4 << 10
	maxElements   = 1 << 13
	maxDepth      = 8
)

// errReply says that a reply is not of the protocol, or is out of bounds.
var errReply = errors.New("reply refused")

// replyLimit is a connection whose server is not trusted. go-redis allocates what a
// reply announces before it arrives, panics on a length past what it can
// allocate, and follows nested replies without a limit; replyLimit reads
// along and fails before go-redis sees such a reply. It knows RESP2, which is all that
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
	script *scriptTap
}

// Read fails for good once the server has said what it must not.
func (c *replyLimit) Read(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.Conn.Read(b)
	c.heard = c.heard || n > 0
	if c.script != nil {
		c.script.read(b[:n])
	}
	if c.err = c.follow(b[:n]); c.err != nil {
		return 0, c.err
	}
	return n, err
}

// Close ends reads and writes alone while the connection is to be watched afterwards.
func (c *replyLimit) Close() error {
	if c.script != nil && c.script.watched.Load() {
		return c.Conn.SetDeadline(time.Unix(1, 0))
	}
	return c.end()
}

// end closes the connection.
func (c *replyLimit) end() error {
	if c.release != nil {
		c.release()
	}
	return c.Conn.Close()
}

// Write notes when the server is asked.
func (c *replyLimit) Write(b []byte) (int, error) {
	if c.heard || c.asked.IsZero() {
		c.heard, c.asked = false, time.Now()
	}
	n, err := c.Conn.Write(b)
	if c.script != nil && err == nil {
		c.script.wrote(b)
	}
	return n, err
}

// SetReadDeadline bounds writes as well: an attempt has one deadline, which go-redis
// sets before it writes and again before it reads, and a deadline is not cheap.
func (c *replyLimit) SetReadDeadline(until time.Time) error { return c.SetDeadline(until) }

// SetWriteDeadline bounds reads as well.
func (c *replyLimit) SetWriteDeadline(until time.Time) error { return c.SetDeadline(until) }

// SetDeadline does nothing if the deadline is that already.
func (c *replyLimit) SetDeadline(until time.Time) error {
	if until.Equal(c.until) {
		return nil
	}
	err := c.Conn.SetDeadline(until)
	if err == nil {
		c.until = until
	}
	return err
}

// SyscallConn lets go-redis see that an idle connection was closed. So it does
// under TLS: once a reply has been read, all that a server may send by itself is
// that it closes the connection.
func (c *replyLimit) SyscallConn() (syscall.RawConn, error) {
	conn, ok := c.socket.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return conn.SyscallConn()
}

func (c *replyLimit) follow(b []byte) error {
	for len(b) > 0 {
		if c.bulk > 0 {
			n := min(c.bulk, len(b))
			if err := c.endOfBulk(b[:n]); err != nil {
				return err
			}
			b = b[n:]
			continue
		}
		first := b[0]
		b = b[1:]
		if c.line = append(c.line, first); len(c.line) > maxLineBytes {
			return fmt.Errorf("%w: a line is too long", errReply)
		}
		if first != '\n' {
			continue
		}
		if err := c.endOfLine(); err != nil {
			return err
		}
		c.line = c.line[:0]
	}
	return nil
}

// endOfBulk takes bytes of a bulk string, whose last two are CRLF.
func (c *replyLimit) endOfBulk(b []byte) error {
	for n := max(0, c.bulk-len("\r\n")); n < len(b); n++ {
		if left := c.bulk - n; left == 2 && b[n] != '\r' || left == 1 && b[n] != '\n' {
			return fmt.Errorf("%w: a bulk string does not end where it should", errReply)
		}
	}
	if c.bulk -= len(b); c.bulk == 0 {
		c.endOfValue()
	}
	return nil
}

func (c *replyLimit) endOfLine() error {
	line := string(c.line)
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return fmt.Errorf("%w: a line does not end in CRLF, or is empty", errReply)
	}
	if c.bytes += len(line); c.bytes > maxReplyBytes {
		return fmt.Errorf("%w: it is too large", errReply)
	}
	rest := line[1 : len(line)-2]
	switch line[0] {
	case '-':
		if !c.begun.Load() && len(c.nested) == 0 {
			c.refusal.Store(new(rest))
		}
	case '+', ':':
	case '$':
		return c.beginBulk(rest)
	case '*':
		return c.beginArray(rest)
	default:
		return fmt.Errorf("%w: an unknown type", errReply)
	}
	c.endOfValue()
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

func (c *replyLimit) beginBulk(text string) error {
	n, err := length(text, maxReplyBytes-c.bytes)
	if err != nil {
		return err
	}
	if n < 0 {
		c.endOfValue()
		return nil
	}
	c.bulk = n + len("\r\n")
	c.bytes += c.bulk
	return nil
}

func (c *replyLimit) beginArray(text string) error {
	n, err := length(text, maxElements)
	if err != nil {
		return err
	}
	if n <= 0 {
		c.endOfValue()
		return nil
	}
	if len(c.nested) == maxDepth {
		return fmt.Errorf("%w: nested too deep", errReply)
	}
	c.nested = append(c.nested, n)
	return nil
}

// endOfValue closes the arrays that the value just read was the last one of.
func (c *replyLimit) endOfValue() {
	for len(c.nested) > 0 {
		last := len(c.nested) - 1
		if c.nested[last]--; c.nested[last] > 0 {
			return
		}
		c.nested = c.nested[:last]
	}
	c.begun.Store(true)
	c.bytes = 0
}
