package connection

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

// taken writes an answer as go-redis does: its first line and CRLF, then the rest of a bulk string.
func taken(t *testing.T, r *RawReply, line, rest string) {
	t.Helper()
	for _, part := range []string{line, "\r\n"} {
		if _, err := r.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if rest == "" {
		return
	}
	if n, err := io.CopyN(r, strings.NewReader(rest), int64(len(rest))); err != nil || n != int64(len(rest)) {
		t.Fatalf("%d bytes of %d are taken in: %v", n, len(rest), err)
	}
}

func TestRawReplies(t *testing.T) {
	long := strings.Repeat("x", 3*replyBytes)
	from := newReplyBuffers()
	for name, test := range map[string]struct {
		line, rest string
		want       string
		reason     reason.Reason // of the failure
	}{
		"a bulk string":              {"$5", "role:\r\n", "role:", ""},
		"an empty one":               {"$0", "\r\n", "", ""},
		"one longer than the memory": {"$24576", long + "\r\n", long, ""},
		"null":                       {"$-1", "", "", reason.Protocol},
		"a status":                   {"+OK", "", "", reason.Protocol},
		"a number":                   {":1", "", "", reason.Protocol},
		"an array":                   {"*0", "", "", reason.Protocol},
		"an error":                   {"-NOPERM this user has no permissions", "", "", reason.PermissionDenied},
		"an error while loading":     {"-LOADING Redis is loading the dataset in memory", "", "", reason.Loading},
		"another length":             {"$6", "role:\r\n", "", reason.Protocol},
		"nothing":                    {"", "", "", reason.Protocol},
	} {
		t.Run(name, func(t *testing.T) {
			r := RawReply{from: from}
			taken(t, &r, test.line, test.rest)
			r.Command(t.Context(), "info")
			got, err := r.Bytes(nil)
			if string(got) != test.want || (err != nil) != (test.reason != "") {
				t.Fatalf("the answer is %.20q, %v; want %.20q", got, err, test.want)
			}
			if err != nil && reason.Classify(err).Reason != test.reason {
				t.Errorf("the failure is %s, want %s", reason.Classify(err).Reason, test.reason)
			}
			var refused redis.Error
			if errors.As(err, &refused) != strings.HasPrefix(test.line, "-") {
				t.Errorf("%v counts as a server's refusal", err)
			}
			r.Release()
			if _, err := r.Bytes(nil); err == nil {
				t.Error("there is an answer after its release")
			}
		})
	}
}

func TestAnswersCutOffAreNone(t *testing.T) {
	r := RawReply{from: newReplyBuffers()}
	taken(t, &r, "$100", "")
	if n, err := io.CopyN(&r, strings.NewReader("role:master"), 102); n != 11 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes are taken in, %v; want 11 and that it ended too soon", n, err)
	}
	command := r.Command(t.Context(), "info")
	if _, err := r.Bytes(nil); err == nil {
		t.Error("a part is taken for the whole")
	}
	command.SetErr(io.ErrUnexpectedEOF)
	if _, err := r.Bytes(nil); reason.Classify(err).Reason != reason.ConnectionLost {
		t.Errorf("the failure is %v", err)
	}
}
