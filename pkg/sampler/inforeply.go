package sampler

import (
	"bytes"
	"cmp"
	"io"
	"strconv"
	"sync"

	"github.com/redis/go-redis/v9"
)

// replyBytes is room for most answers to INFO.
const replyBytes = 8 << 10

// replyBuffers are memory for answers, each of which is in use from its first byte until it has been parsed.
type replyBuffers struct{ pool sync.Pool }

func newReplyBuffers() *replyBuffers {
	return &replyBuffers{sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, replyBytes)) }}}
}

// replyBuffer takes in one answer as it came, for a redis.RawWriteToCmd. go-redis would make a string of each: two thirds of
// all memory that a sample takes, and of no use once it has been parsed. It implements io.Writer and io.ReaderFrom.
type replyBuffer struct {
	from *replyBuffers
	held *bytes.Buffer // nil until the first byte
}

// Write takes in what go-redis has read as a line.
func (r *replyBuffer) Write(b []byte) (int, error) {
	if r.held == nil {
		r.held = r.from.pool.Get().(*bytes.Buffer)
	}
	return r.held.Write(b)
}

// ReadFrom takes in the rest of a bulk string.
func (r *replyBuffer) ReadFrom(conn io.Reader) (int64, error) {
	rest, bounded := conn.(*io.LimitedReader)
	if !bounded || r.held == nil || rest.N > maxInfoBytes {
		return 0, errReply
	}
	r.held.Grow(int(rest.N))
	into := r.held.AvailableBuffer()[:rest.N]
	n, err := io.ReadFull(conn, into)
	_, _ = r.held.Write(into[:n]) // it is there already
	return int64(n), err
}

// of is the answer to a command, which must be a bulk string, as part of what ended with an error or without. It holds
// until release.
func (r *replyBuffer) of(command *redis.RawWriteToCmd, whole error) ([]byte, error) {
	if err := command.Err(); err != nil {
		return nil, err
	}
	if r.held == nil {
		// A connection that could not be set up is not told of to the commands.
		return nil, cmp.Or(whole, errReply)
	}
	line, rest, _ := bytes.Cut(r.held.Bytes(), []byte("\r\n"))
	switch {
	case len(line) == 0:
		return nil, errReply
	case line[0] == '-':
		return nil, errorReply(line[1:])
	case line[0] == '$':
		if n, err := strconv.Atoi(string(line[1:])); err == nil && n >= 0 && len(rest) == n+len("\r\n") {
			return rest[:n], nil
		}
	}
	return nil, errReply
}

// release gives the memory back.
func (r *replyBuffer) release() {
	if r.held != nil {
		r.held.Reset()
		r.from.pool.Put(r.held)
		r.held = nil
	}
}

// errorReply is what a server answered in place of what was asked. It implements redis.Error.
type errorReply string

func (e errorReply) Error() string { return string(e) }

// RedisError marks it as a server's answer.
func (errorReply) RedisError() {}

var _ redis.Error = errorReply("")
