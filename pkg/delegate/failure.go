package delegate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Failure is why a request has no response from the backend.
type Failure string

const (
	// Overloaded means that too many requests already wait for the backend.
	Overloaded Failure = "Overloaded"
	// Refused means that the breaker is open, because the last requests failed.
	Refused Failure = "BreakerOpen"
	// Timeout means that the response did not arrive in time.
	Timeout Failure = "Timeout"
	// Unreachable means that the connection failed or broke.
	Unreachable Failure = "Unreachable"
	// Untrusted means that the backend's certificate cannot be verified.
	Untrusted Failure = "Untrusted"
	// TooLong means that the response exceeds its limit.
	TooLong Failure = "TooLong"
	// Invalid means that the response is not that of an API server.
	Invalid Failure = "Invalid"
	// NoToken means that the API server has issued no token yet.
	NoToken Failure = "NoToken"
	// TokenRejected means that the backend rejected the ServiceAccount's token.
	TokenRejected Failure = "TokenRejected"
	// VersionNotServed means that the backend serves only the other version.
	VersionNotServed Failure = "VersionNotServed"

	// gone means that the client has gone, which is not the backend's fault.
	gone Failure = "gone"
)

// Error implements error.
func (f Failure) Error() string { return string(f) }

// answers has what clients get for each failure except gone: a code, a reason, and a
// clause about the Service.
var answers = map[Failure]struct {
	code   int32
	reason metav1.StatusReason
	text   string
}{
	Overloaded:       {http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, "has too many requests to answer"},
	Refused:          {http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "failed to answer the last requests, and is tried again in a while"},
	Timeout:          {http.StatusGatewayTimeout, metav1.StatusReasonTimeout, "did not answer within " + requestTimeout.String()},
	Unreachable:      {http.StatusBadGateway, metav1.StatusReasonInternalError, "cannot be reached"},
	Untrusted:        {http.StatusBadGateway, metav1.StatusReasonInternalError, "has a certificate that --delegate-ca-file and --delegate-server-name do not verify"},
	TooLong:          {http.StatusBadGateway, metav1.StatusReasonInternalError, fmt.Sprintf("answers with more than %d MiB", bodyBytes>>20)},
	Invalid:          {http.StatusBadGateway, metav1.StatusReasonInternalError, "does not answer as an API server does"},
	NoToken:          {http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "cannot be asked: there is no token for it yet"},
	TokenRejected:    {http.StatusBadGateway, metav1.StatusReasonInternalError, "rejects the token of --delegate-service-account"},
	VersionNotServed: {http.StatusNotFound, metav1.StatusReasonNotFound, "does not serve this version of custom.metrics.k8s.io"},
}

// status returns the API error of a failure. It has no Retry-After, because a
// controller would wait in its worker.
func (f Failure) status(backend string) *apierrors.StatusError {
	told := answers[f]
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: told.code, Reason: told.reason,
		Message: "Service " + backend + ", to which this request is delegated, " + told.text,
	}}
}

// failureOf returns what an error of the transport or of a body means. client is the
// context of the client's request.
func failureOf(client context.Context, err error) Failure {
	var failure Failure
	var network net.Error
	var unverified *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &failure):
		return failure
	case errors.Is(client.Err(), context.Canceled):
		return gone
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return Timeout
	case errors.As(err, &unverified), errors.As(err, &unknown):
		return Untrusted
	default:
		return Unreachable
	}
}
