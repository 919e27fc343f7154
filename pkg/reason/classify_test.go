package reason

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
)

// replyError is an error reply, as go-redis hands it on.
type replyError string

func (e replyError) Error() string { return string(e) }
func (replyError) RedisError()     {}

var _ redis.Error = replyError("")

func TestErrorsHaveTheirReason(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Err: err} }
	read := func(err error) error { return &net.OpError{Op: "read", Err: err} }
	tests := []struct {
		name string
		err  error
		want Reason
	}{
		{"no such host", dial(&net.DNSError{Err: "no such host", Name: "secret.example", IsNotFound: true}), NameNotResolved},
		{"name server fails", dial(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), NameNotResolved},
		{"name server is slow", dial(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), Timeout},
		{"refused", dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), ConnectionRefused},
		{"address refused", dial(egress.ErrRefused), AddressRefused},
		{"address refused, for the API server's name is not known", dial(errors.Join(egress.ErrRefused, &net.DNSError{IsTimeout: true})), AddressRefused},
		{"no route", dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), ConnectionFailed},
		{"no port", dial(&net.AddrError{Err: "missing port", Addr: "secret.example"}), ConnectionFailed},
		{"deadline of the context", fmt.Errorf("dialing: %w", context.DeadlineExceeded), Timeout},
		{"deadline of the connection", read(os.ErrDeadlineExceeded), Timeout},
		{"connect timed out", dial(os.NewSyscallError("connect", syscall.ETIMEDOUT)), Timeout},
		{"end of file", io.EOF, ConnectionLost},
		{"half a reply", io.ErrUnexpectedEOF, ConnectionLost},
		{"reset", read(os.NewSyscallError("read", syscall.ECONNRESET)), ConnectionLost},
		{"broken pipe", read(os.NewSyscallError("write", syscall.EPIPE)), ConnectionLost},
		{"closed", read(net.ErrClosed), ConnectionLost},
		{"something else", errors.New("redis: can't parse reply"), Protocol},
		{"NOAUTH", replyError("NOAUTH Authentication required."), AuthenticationFailed},
		{"WRONGPASS", replyError("WRONGPASS invalid username-password pair or user is disabled."), AuthenticationFailed},
		{"no password set", replyError("ERR AUTH <password> called without any password configured"), AuthenticationFailed},
		{"invalid password", replyError("ERR invalid password"), AuthenticationFailed},
		{"NOPERM", replyError("NOPERM this user has no permissions to run the 'info' command"), PermissionDenied},
		{"LOADING", replyError("LOADING Redis is loading the dataset in memory"), Loading},
		{"BUSY", replyError("BUSY Redis is busy running a script."), Busy},
		{"BUSYGROUP is not BUSY", replyError("BUSYGROUP Consumer Group name already exists"), Refused},
		{"nothing", replyError(""), Refused},
		{"clients", replyError("ERR max number of clients reached"), TooManyClients},
		{"clients and links", replyError("ERR max number of clients + cluster connections reached"), TooManyClients},
		{"database", replyError("ERR DB index is out of range"), DatabaseOutOfRange},
		{"database of a cluster", replyError("ERR SELECT is not allowed in cluster mode"), DatabaseOutOfRange},
		{"MASTERDOWN", replyError("MASTERDOWN Link with MASTER is down"), Refused},
		{"another reply", replyError("ERR unknown"), Refused},
		{"reply within another error", fmt.Errorf("failed to initialize: %w", replyError("NOPERM no")), PermissionDenied},
		{"classified before", fmt.Errorf("again: %w", &Error{Reason: Loading}), Loading},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Classify(tt.err); got.Reason != tt.want {
				t.Errorf("Classify = %s, want %s", got.Reason, tt.want)
			}
		})
	}
}

func TestErrorTextShowsNothingOfTheCause(t *testing.T) {
	reasons := []Reason{
		NameNotResolved, AddressRefused, ConnectionRefused, ConnectionFailed, ConnectionLost, Timeout, AuthenticationFailed,
		PermissionDenied, TooManyClients, TooManyDials, Loading, Busy, DatabaseOutOfRange, Protocol, Refused,
	}
	seen := map[string]Reason{}
	for _, reason := range reasons {
		err := &Error{Reason: reason, Cause: errors.New("10.1.2.3:6379 said hunter2 to admin")}
		printed := err.Error()
		for _, verb := range []string{"%v", "%s", "%q"} {
			printed += fmt.Sprintf(verb, err)
		}
		for _, secret := range []string{"10.1.2.3", "6379", "hunter2", "admin"} {
			if strings.Contains(printed, secret) {
				t.Errorf("%s shows %q: %s", reason, secret, printed)
			}
		}
		if other, twice := seen[err.Error()]; twice {
			t.Errorf("%s and %s have one text: %s", reason, other, err)
		}
		seen[err.Error()] = reason
		if errors.Unwrap(err) != nil {
			t.Errorf("%s hands its cause on", reason)
		}
	}
}

func TestErrorsOfTLSTellFieldsOnly(t *testing.T) {
	for _, failed := range []Reason{TLSHandshakeFailed, ServerCertificateUntrusted, ServerCertificateExpired, ServerNameMismatch, ClientCertificateRefused} {
		e := &Error{Reason: failed}
		if text := e.Error(); text == (&Error{}).Error() || strings.Contains(text, "127.0.0.1") || !e.OfCredentials() {
			t.Errorf("%s says %q, of credentials: %v", failed, text, e.OfCredentials())
		}
	}
}
