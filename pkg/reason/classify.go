package reason

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
)

// Classify returns the error of an attempt with its reason.
func Classify(err error) *Error {
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	if reason := tlsReason(err); reason != "" {
		return &Error{Reason: reason, Cause: err}
	}
	return &Error{Reason: reasonOf(err), Cause: err}
}

// ErrHandshake is wrapped by the errors of TLS handshakes.
var ErrHandshake = errors.New("TLS handshake")

// tlsReason returns the reason of a TLS error, empty for other errors.
func tlsReason(err error) Reason {
	var certificate *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var operation *net.OpError
	var network net.Error
	switch {
	case errors.As(err, &certificate) && errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return ServerCertificateExpired
	case errors.As(err, &certificate) && errors.As(err, &name):
		return ServerNameMismatch
	case errors.As(err, &certificate):
		return ServerCertificateUntrusted
	case errors.As(err, &operation) && operation.Op == "remote error":
		// crypto/tls has no type for an alert of the server.
		// Source: alertText in crypto/tls/alert.go; every alert about a certificate says so.
		if text := operation.Err.Error(); strings.Contains(text, "certificate") {
			return ClientCertificateRefused
		}
		return TLSHandshakeFailed
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return ""
	case errors.Is(err, ErrHandshake):
		return TLSHandshakeFailed
	}
	return ""
}

func reasonOf(err error) Reason {
	var reply redis.Error
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.Is(err, egress.ErrRefused):
		return AddressRefused
	case errors.Is(err, redis.Nil): // go-redis counts null among the error replies
		return Protocol
	case errors.As(err, &reply):
		return OfReply(reply.Error())
	case errors.As(err, &dns) && !dns.IsTimeout:
		return NameNotResolved
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist): // of a Unix socket
		return ConnectionRefused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &network) && network.Timeout():
		return Timeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return ConnectionLost
	case errors.As(err, &network):
		return ConnectionFailed
	}
	return Protocol
}
