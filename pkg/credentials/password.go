package credentials

import (
	"bytes"
	"fmt"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// maxPasswordBytes is what Redis reads from a client that is not authenticated yet.
// Source: PROTO_INLINE_MAX_SIZE and "unauthenticated bulk length" in Redis' networking.c.
const maxPasswordBytes = 16 << 10

// checkPassword refuses what a server would not accept as one password, and what nobody
// intends as one. It refuses a newline at the end and does not trim it, because a Redis
// that gets its password from the same Secret would not trim it either.
func checkPassword(r target.Reference, password []byte) *reason.Error {
	fault := ""
	switch {
	case len(password) == 0:
		fault = "is empty"
	case len(password) > maxPasswordBytes:
		fault = fmt.Sprintf("is longer than %d bytes", maxPasswordBytes)
	case bytes.HasSuffix(password, []byte("\n")):
		fault = "ends in a newline"
	case bytes.ContainsFunc(password, func(c rune) bool { return c < ' ' || c == 0x7f }):
		fault = "holds a control character"
	default:
		return nil
	}
	return reason.Explained(reason.PasswordInvalid, fmt.Sprintf("the password that %s names %s", r.Field, fault),
		fmt.Sprintf("Create Secret %s with kubectl create secret generic --from-literal=%s=..., or from a file written by printf, not by echo, which adds a newline.", r.Name, r.Keys[0]))
}
