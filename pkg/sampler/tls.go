package sampler

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
)

// errHandshake says that what failed is a TLS handshake.
var errHandshake = errors.New("TLS handshake")

func handshake(ctx context.Context, socket net.Conn, config *tls.Config, address string) (net.Conn, error) {
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		host, _, _ = strings.Cut(host, "%") // the zone of an IPv6 address
		config = config.Clone()
		config.ServerName = strings.TrimSuffix(host, ".")
	}
	conn := tls.Client(socket, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", errHandshake, err)
	}
	return conn, nil
}

// tlsReason is empty for an error that is not of TLS.
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
		// crypto/tls gives an alert of the server no type of its own.
		// Source: alertText in crypto/tls/alert.go; every alert about a certificate says so.
		if text := operation.Err.Error(); strings.Contains(text, "certificate") {
			return ClientCertificateRefused
		}
		return TLSHandshakeFailed
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return ""
	case errors.Is(err, errHandshake):
		return TLSHandshakeFailed
	}
	return ""
}
