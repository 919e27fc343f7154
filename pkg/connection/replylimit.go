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

// Bounds on replies. INFO is 5 to 50 KB, HELLO is an array of 14 that contains the list
// of modules, and SCAN finds a few thousand keys.
const (
	maxReplyBytes = 1 << 20
	maxInfoBytes  = 256 << 10
	maxLineBytes  = 4 << 10
	maxElements   = 1 << 13
	maxDepth      = 8
)

// errReply means that a reply violates the protocol or exceeds the bounds.
var errReply = errors.New("reply refused")

// replyLimit is a connection to an untrusted server. go-redis allocates the length that
// a reply announces before it arrives, panics if it cannot allocate that much, and
// follows nested replies without a limit. replyLimit parses the replies too, and fails
// before go-redis sees such a reply. It knows RESP2 alone, which is what the client
// asks for.
type replyLimit struct {
	net.Conn
	socket net.Conn // what Conn reads from: Conn itself, unless that is TLS
	err    error
	line   []byte      // the line read so far
	bulk   int         // bytes of a bulk string still to come, its CRLF among them
	nested []int       // elements still to come of each open array
	bytes  int         // of the reply read so far
	begun  atomic.Bool // whether a reply has been read to its end
	// asked is when the write of the newest request began, which is the first write after a read.
	asked time.Time
	heard bool
	// until is the deadline of reads and writes.
	until time.Time
	// refusal is the first reply if it is an error, such as that of a server that then
	// closes the connection.
	refusal atomic.Pointer[string]
	// release ends the counting of the connection, nil if it is not counted.
	release func()
	// script follows a script that was sent, nil if none is followed.
	script *scriptTap
}

// Read fails for good once the server has sent a reply beyond the limits.
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

// Close only ends reads and writes if the connection is watched afterwards.
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

// Write records when the request began.
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

// SetReadDeadline bounds writes as well. An attempt has one deadline, which go-redis
// sets before it writes and again before it reads, and setting a deadline is not cheap.
func (c *replyLimit) SetReadDeadline(until time.Time) error { return c.SetDeadline(until) }

// SetWriteDeadline bounds reads as well.
func (c *replyLimit) SetWriteDeadline(until time.Time) error { return c.SetDeadline(until) }

// SetDeadline does nothing if the deadline is unchanged.
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

// SyscallConn lets go-redis see that an idle connection was closed, also with TLS: once
// a reply has been read, the only thing a server may send unasked is the end of the
// connection.
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

// endOfBulk consumes bytes of a bulk string, which ends in CRLF.
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

// length parses the length of a bulk string or an array; -1 means null.
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

// endOfValue closes the arrays whose last element was just read.
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
