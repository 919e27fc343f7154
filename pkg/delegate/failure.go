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

// text returns what clients are told of the Service that %s stands for.
func (f Failure) text() (code int32, reason metav1.StatusReason, format string) {
	switch f {
	case Overloaded:
		return http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, "%s, to which this request is delegated, has too many requests to answer"
	case Refused:
		return http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "%s, to which this request is delegated, failed to answer the last requests, and is tried again in a while"
	case Timeout:
		return http.StatusGatewayTimeout, metav1.StatusReasonTimeout, "%s, to which this request is delegated, did not answer within " + requestTimeout.String()
	case Untrusted:
		return http.StatusBadGateway, metav1.StatusReasonInternalError, "%s, to which this request is delegated, has a certificate that --delegate-ca-file and --delegate-server-name do not verify"
	case TooLong:
		return http.StatusBadGateway, metav1.StatusReasonInternalError, fmt.Sprintf("%%s, to which this request is delegated, answers with more than %d MiB", bodyBytes>>20)
	case Invalid:
		return http.StatusBadGateway, metav1.StatusReasonInternalError, "%s, to which this request is delegated, does not answer as an API server does"
	case NoToken:
		return http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "%s, to which this request is delegated, cannot be asked: there is no token for it yet"
	case TokenRejected:
		return http.StatusBadGateway, metav1.StatusReasonInternalError, "%s, to which this request is delegated, rejects the token of --delegate-service-account"
	case VersionNotServed:
		return http.StatusNotFound, metav1.StatusReasonNotFound, "%s, to which this request is delegated, does not serve this version of custom.metrics.k8s.io"
	default:
		return http.StatusBadGateway, metav1.StatusReasonInternalError, "%s, to which this request is delegated, cannot be reached"
	}
}

// status returns the API error of a failure. It asks nobody to wait and come
// back: a controller would wait in its worker.
func (f Failure) status(backend string) *apierrors.StatusError {
	code, reason, format := f.text()
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: code, Reason: reason, Message: "Service " + fmt.Sprintf(format, backend),
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
