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

// Failure is why a request has no answer of the backend.
type Failure string

const (
	// Overloaded says that too many requests wait for the backend already.
	Overloaded Failure = "Overloaded"
	// Refused says that the breaker is open: the last requests failed.
	Refused Failure = "BreakerOpen"
	// Timeout says that the answer was not there in time.
	Timeout Failure = "Timeout"
	// Unreachable says that no connection came about, or that it broke.
	Unreachable Failure = "Unreachable"
	// Untrusted says that the certificate of the backend does not verify.
	Untrusted Failure = "Untrusted"
	// TooLong says that the answer passes the bound.
	TooLong Failure = "TooLong"
	// Invalid says that what answers is not an API server.
	Invalid Failure = "Invalid"
	// NoToken says that the API server has issued no token yet.
	NoToken Failure = "NoToken"
	// TokenRejected says that the backend does not know the ServiceAccount.
	TokenRejected Failure = "TokenRejected"
	// VersionNotServed says that the backend serves the other version alone.
	VersionNotServed Failure = "VersionNotServed"

	// gone says that the client went away, for which the backend is not to blame.
	gone Failure = "gone"
)

// Error implements error.
func (f Failure) Error() string { return string(f) }

// answers say what clients get for each failure but gone: a code, a reason, and
// what is said of the Service.
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

// status returns the API error of a failure. It asks nobody to wait and come
// back: a controller would wait in its worker.
func (f Failure) status(backend string) *apierrors.StatusError {
	told := answers[f]
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: told.code, Reason: told.reason,
		Message: "Service " + backend + ", to which this request is delegated, " + told.text,
	}}
}

// failureOf returns what an error of the transport or of a body means. The
// context is that of the request as it came.
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
