package sampler

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
)

// classify gives the error of an attempt its reason.
func classify(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	var missing *credentials.Error
	if errors.As(err, &missing) {
		return &Error{Reason: Reason(missing.Reason), cause: err}
	}
	if reason := tlsReason(err); reason != "" {
		return &Error{Reason: reason, cause: err}
	}
	return &Error{Reason: reasonOf(err), cause: err}
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
		return replyReason(reply.Error())
	case errors.As(err, &dns) && !dns.IsTimeout:
		return NameNotResolved
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist): // of a Unix socket
		return ConnectionRefused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &network) && network.Timeout():
		return Timeout
	case errors.Is(err, errDialed), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return ConnectionLost
	case errors.As(err, &network):
		return ConnectionFailed
	}
	return Protocol
}
