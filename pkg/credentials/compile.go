package credentials

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// maxPasswordBytes is what Redis reads from a client that is not authenticated yet.
// Source: PROTO_INLINE_MAX_SIZE and "unauthenticated bulk length" in Redis' networking.c.
const maxPasswordBytes = 16 << 10

// maxPEMBytes bounds certificates: a bundle of all public authorities is about 220 KiB.
const maxPEMBytes = 512 << 10

// values are what the documents of a party hold, by its Reference.Field.
type values map[string]*content

// compile makes credentials of what the documents of a party hold.
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

// checkPassword refuses what the server could not take for one password, or what
// nobody means to be one. A newline at the end is refused and not cut off: a Redis
// that gets its password from the same Secret would not cut it off.
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
		fmt.Sprintf("Create Secret %s with kubectl create secret generic --from-literal=%s=..., or of a file that printf wrote and not echo.", r.Name, r.Keys[0]))
}

func authorities(r target.Reference, read *content) (*x509.CertPool, *reason.Error) {
	pool := read.authorities(r.Keys[0])
	if pool == nil {
		return nil, reason.Explained(reason.CAInvalid, fmt.Sprintf("what %s names is not certificates in PEM", r.Field),
			fmt.Sprintf("Key %s of %s %s must hold blocks that begin with -----BEGIN CERTIFICATE-----, of at most %d bytes.", r.Keys[0], r.Kind, r.Name, maxPEMBytes))
	}
	return pool, nil
}

func ownCertificate(r target.Reference, read *content) (tls.Certificate, *reason.Error) {
	invalid := func(key, what string) *reason.Error {
		return reason.Explained(reason.ClientCertificateInvalid, fmt.Sprintf("%s of the Secret that %s names is not %s", key, r.Field, what),
			fmt.Sprintf("Create Secret %s with kubectl create secret tls --cert=... --key=..., of files of at most %d bytes.", r.Name, maxPEMBytes))
	}
	pair, err := read.keyPair()
	switch {
	case err == nil:
		return pair, nil
	case errors.Is(err, errCertificate):
		return pair, invalid(corev1.TLSCertKey, "certificates in PEM")
	case errors.Is(err, errKey):
		return pair, invalid(corev1.TLSPrivateKeyKey, "a private key in PEM without a password")
	}
	return pair, reason.Explained(reason.ClientKeyMismatch, fmt.Sprintf("%s of the Secret that %s names is not the key of its %s", corev1.TLSPrivateKeyKey, r.Field, corev1.TLSCertKey),
		fmt.Sprintf("Write a certificate and its own key into Secret %s; the first certificate in %s must be that of the adapter.", r.Name, corev1.TLSCertKey))
}

func expired(a target.Access) *reason.Error {
	r := a.TLS.Certificate
	return reason.Explained(reason.ClientCertificateExpired, fmt.Sprintf("the certificate that %s names has expired", r.Field),
		fmt.Sprintf("Write a new certificate and its key into Secret %s.", r.Name))
}
