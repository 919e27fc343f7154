package credentials

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Credentials authenticate a connection. They are immutable: a change makes new ones,
// so equal pointers mean equal credentials. They print as a word.
type Credentials struct {
	// Username is the ACL user, empty for the default user.
	Username string
	// Password is empty for a server that requires none.
	Password string
	// TLS is nil for a connection without TLS. An empty ServerName means the dialed
	// host. It must not be modified.
	TLS *tls.Config

	// expires is when the adapter's own certificate expires, zero without one.
	expires time.Time
}

// String keeps the password out of whatever prints Credentials.
func (Credentials) String() string { return "credentials" }

// GoString keeps the password out of whatever prints Credentials.
func (Credentials) GoString() string { return "credentials" }

// values are the contents of the objects of a party, by Reference.Field.
type values map[string]*content

// compile makes credentials from the contents of the objects of a party.
func compile(a target.Access, read values) (*Credentials, *reason.Error) {
	c := &Credentials{}
	if a.Auth != nil {
		r := a.Auth.Password
		password := read[r.Field].values[r.Keys[0]]
		if err := checkPassword(r, password); err != nil {
			return nil, err
		}
		c.Username, c.Password = a.Auth.Username, string(password)
	}
	if a.TLS == nil {
		return c, nil
	}
	c.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: a.TLS.ServerName}
	if r := a.TLS.CA; r != nil {
		pool, err := authorities(*r, read[r.Field])
		if err != nil {
			return nil, err
		}
		c.TLS.RootCAs = pool
	}
	if r := a.TLS.Certificate; r != nil {
		pair, err := ownCertificate(*r, read[r.Field])
		if err != nil {
			return nil, err
		}
		c.TLS.Certificates = []tls.Certificate{pair}
		c.expires = pair.Leaf.NotAfter
	}
	return c, nil
}

func expired(a target.Access) *reason.Error {
	r := a.TLS.Certificate
	return reason.Explained(reason.ClientCertificateExpired, fmt.Sprintf("the certificate that %s names has expired", r.Field),
		fmt.Sprintf("Write a new certificate and its key into Secret %s.", r.Name))
}
