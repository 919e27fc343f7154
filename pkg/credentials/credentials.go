package credentials

import (
	"crypto/tls"
	"time"
)

// Credentials are what a connection authenticates by. They are immutable: what
// changes makes others, so that equal pointers stand for equal credentials. They
// print as a word.
type Credentials struct {
	// Username is the ACL user, empty for the default user.
	Username string
	// Password is empty for a server that is to ask for none.
	Password string
	// TLS is nil for a connection without TLS. An empty ServerName stands for the
	// host that is dialed. It must not be modified.
	TLS *tls.Config

	// expires is when the adapter's own certificate does, zero without one.
	expires time.Time
}

// String keeps the password out of whatever prints Credentials.
func (Credentials) String() string { return "credentials" }

// GoString keeps the password out of whatever prints Credentials.
func (Credentials) GoString() string { return "credentials" }
