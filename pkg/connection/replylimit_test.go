package connection

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// played is a connection whose server has said all that it says.
type played struct {
	net.Conn
	io.Reader
}

func (p played) Read(b []byte) (int, error) { return p.Reader.Read(b) }

func TestReplyLimitLetsRepliesThrough(t *testing.T) {
	for _, text := range []string{
		"+OK\r\n",
		"-ERR no\r\n:1\r\n",
		":-1\r\n",
		"$-1\r\n*-1\r\n",
		"$0\r\n\r\n*0\r\n",
		"$5\r\na\r\nb\n\r\n",
		"*2\r\n$1\r\na\r\n*2\r\n:1\r\n*1\r\n+x\r\n+OK\r\n",
		redistest.Bulk(strings.Repeat("x", 500_000)) + redistest.Bulk(strings.Repeat("y", 1_000_000)),
		strings.Repeat("*1\r\n", maxDepth) + ":1\r\n" + strings.Repeat("*1\r\n", maxDepth) + ":1\r\n",
	} {
		for name, in := range map[string]io.Reader{
			"whole":     strings.NewReader(text),
			"bytewise":  iotest.OneByteReader(strings.NewReader(text)),
			"in halves": iotest.HalfReader(strings.NewReader(text)),
		} {
			g := &replyLimit{Conn: played{Reader: in}}
			got, err := io.ReadAll(g)
			if err != nil || string(got) != text {
				t.Errorf("%s: read %.40q, %v; want %.40q", name, got, err, text)
			}
			if len(g.nested) != 0 || g.bulk != 0 || g.bytes != 0 || !g.begun.Load() {
				t.Errorf("%s: after %.40q it awaits more: %+v", name, text, g)
			}
		}
	}
}

func refused() map[string]string {
	return map[string]string{
		"a bulk past int64":       "$9223372036854775808\r\n",
		"the largest bulk":        "$9223372036854775807\r\n",
		"2 GiB":                   "$2147483647\r\n",
		"one byte too many":       "$1048577\r\n",
		"a negative bulk":         "$-2\r\n",
		"a signed bulk":           "$+2\r\n",
		"a bulk of no length":     "$\r\n",
		"a bulk of a word":        "$a\r\n",
		"a streamed bulk":         "$?\r\n",
		"a bulk that is longer":   "$1\r\nabc\r\n",
		"a bulk without CR":       "$1\r\na\n\n",
		"a large array":           "*8193\r\n",
		"the largest array":       "*9223372036854775807\r\n",
		"a negative array":        "*-9\r\n",
		"deep nesting":            strings.Repeat("*1\r\n", maxDepth+1),
		"deep nesting of several": strings.Repeat("*2\r\n", maxDepth+1),
		"many large elements":     "*1000\r\n" + strings.Repeat(redistest.Bulk(strings.Repeat("x", 100_000)), 11),
		"many small elements":     "*1000\r\n" + strings.Repeat("*1000\r\n"+strings.Repeat("$0\r\n\r\n", 1000), 250),
		"a long line":             "+" + strings.Repeat("x", maxLineBytes) + "\r\n",
		"a line without end":      strings.Repeat("x", maxLineBytes+1),
		"a line without CR":       "+OK\n",
		"an empty line":           "\r\n",
		"only a line feed":        "\n",
		"HTTP":                    "HTTP/1.1 400 Bad Request\r\n\r\n",
		"a map of RESP3":          "%1\r\n+a\r\n+b\r\n",
		"a push of RESP3":         ">1\r\n+a\r\n",
		"an attribute of RESP3":   "|1\r\n+a\r\n+b\r\n",
		"a blob error of RESP3":   "!3\r\nERR\r\n",
		"a TLS alert":             "\x15\x03\x01\x00\x02\x02\x46\n",
	}
}

func TestReplyLimitRefuses(t *testing.T) {
	for name, text := range refused() {
		for way, in := range map[string]io.Reader{
			"whole":    strings.NewReader(text),
			"bytewise": iotest.OneByteReader(strings.NewReader(text)),
		} {
			g := &replyLimit{Conn: played{Reader: in}}
			if _, err := io.ReadAll(g); !errors.Is(err, errReply) {
				t.Errorf("%s, %s: %v; want errReply", name, way, err)
			}
			if n, err := g.Read(make([]byte, 10)); n != 0 || !errors.Is(err, errReply) {
				t.Errorf("%s, %s: a later read gives %d, %v; want errReply for good", name, way, n, err)
			}
		}
	}
}

func TestReplyLimitNeverShowsAHeaderThatItRefuses(t *testing.T) {
	g := &replyLimit{Conn: played{Reader: strings.NewReader("+OK\r\n$2147483647\r\n")}}
	if n, err := g.Read(make([]byte, 100)); n != 0 || !errors.Is(err, errReply) {
		t.Errorf("Read = %d, %v; want nothing of a chunk that holds a refused reply", n, err)
	}
}

func TestReplyLimitRemembersOnlyAFirstRefusal(t *testing.T) {
	for text, want := range map[string]string{
		"-ERR max number of clients reached\r\n": "ERR max number of clients reached",
		"-ERR one\r\n-ERR two\r\n":               "ERR one",
		"+OK\r\n-ERR two\r\n":                    "",
		"*1\r\n-ERR within\r\n":                  "",
	} {
		g := &replyLimit{Conn: played{Reader: strings.NewReader(text)}}
		if _, err := io.ReadAll(g); err != nil {
			t.Fatal(err)
		}
		got := ""
		if refusal := g.refusal.Load(); refusal != nil {
			got = *refusal
		}
		if got != want {
			t.Errorf("after %q the refusal is %q, want %q", text, got, want)
		}
	}
}

// FuzzReplyLimit checks that what replyLimit refuses does not depend on how the bytes
// arrive, and that it follows no reply out of its bounds.
func FuzzReplyLimit(f *testing.F) {
	for _, text := range refused() {
		f.Add([]byte(text), 3)
	}
	f.Add([]byte("*2\r\n$1\r\na\r\n:1\r\n$-1\r\n"), 2)
	f.Fuzz(func(t *testing.T, text []byte, step int) {
		whole := &replyLimit{}
		errWhole := whole.follow(text)
		parts := &replyLimit{}
		var errParts error
		for rest := text; len(rest) > 0 && errParts == nil; {
			n := min(len(rest), max(1, step%7))
			errParts = parts.follow(rest[:n])
			rest = rest[n:]
		}
		if (errWhole == nil) != (errParts == nil) {
			t.Fatalf("%q is %v as a whole and %v in parts", text, errWhole, errParts)
		}
		if errWhole == nil && (whole.bulk != parts.bulk || whole.bytes != parts.bytes || !bytes.Equal(whole.line, parts.line) || len(whole.nested) != len(parts.nested)) {
			t.Fatalf("%q leads to %+v as a whole and to %+v in parts", text, whole, parts)
		}
		if len(whole.nested) > maxDepth || whole.bulk > maxReplyBytes+len("\r\n") || len(whole.line) > maxLineBytes+1 {
			t.Fatalf("%q is followed out of bounds: %+v", text, whole)
		}
	})
}

// TestReplyLimitNotesWhenItIsAsked checks what a round trip is counted from: the first bytes of a question, and neither what
// was asked to set up the connection nor later bytes of the same question.
func TestReplyLimitNotesWhenItIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer func() { _ = errors.Join(ours.Close(), theirs.Close()) }()
		go func() {
			question := make([]byte, 64)
			for {
				if _, err := theirs.Read(question); err != nil {
					return
				}
			}
		}()
		g := &replyLimit{Conn: ours, socket: ours}
		write := func() {
			<-time.After(time.Second)
			if _, err := g.Write([]byte("PING\r\n")); err != nil {
				t.Fatal(err)
			}
		}
		read := func() {
			<-time.After(time.Second)
			go func() { _, _ = theirs.Write([]byte("+OK\r\n")) }()
			if _, err := g.Read(make([]byte, 16)); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		for n, step := range []struct {
			do    func()
			asked time.Duration
		}{
			{write, time.Second}, {read, time.Second}, // set up
			{write, 3 * time.Second}, {write, 3 * time.Second}, {read, 3 * time.Second}, {read, 3 * time.Second},
			{write, 7 * time.Second},
		} {
			step.do()
			if got := g.asked.Sub(start); got != step.asked {
				t.Errorf("after step %d the server was asked at %v, want %v", n, got, step.asked)
			}
		}
	})
}

// bounded is a connection that counts how often its deadline is set.
type bounded struct {
	net.Conn
	set int
	err error
}

func (b *bounded) SetDeadline(time.Time) error {
	b.set++
	return b.err
}

func TestReplyLimitSetsADeadlineOnce(t *testing.T) {
	conn := &bounded{err: errors.New("closed")}
	g := &replyLimit{Conn: conn}
	now := time.Now()
	if err := g.SetWriteDeadline(now); !errors.Is(err, conn.err) {
		t.Errorf("error %v, want %v", err, conn.err)
	}
	conn.err = nil
	for n, step := range []struct {
		set   func(time.Time) error
		until time.Time
		want  int
	}{
		{g.SetReadDeadline, now, 2}, // the one before failed
		{g.SetWriteDeadline, now, 2},
		{g.SetWriteDeadline, now.Add(time.Second), 3},
		{g.SetReadDeadline, now.Add(time.Second), 3},
		{g.SetDeadline, time.Time{}, 4},
		{g.SetReadDeadline, now, 5},
	} {
		if err := step.set(step.until); err != nil || conn.set != step.want {
			t.Errorf("step %d: set %d times, error %v; want %d times", n, conn.set, err, step.want)
		}
	}
}
