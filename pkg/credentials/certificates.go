package credentials

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

var (
	errCertificate = errors.New("no certificates in PEM")
	errKey         = errors.New("no private key in PEM")
	errMismatch    = errors.New("the key is that of another certificate")
)

// maxPEMBytes bounds certificates: a bundle of all public authorities is about 220 KiB.
const maxPEMBytes = 512 << 10

// certPool returns the authorities in PEM, nil if there are none.
func certPool(text []byte) *x509.CertPool {
	all, err := cert.ParseCertsPEM(text)
	if err != nil || len(text) > maxPEMBytes {
		return nil
	}
	pool := x509.NewCertPool()
	for _, authority := range all {
		pool.AddCert(authority)
	}
	return pool
}

// keyPair returns the certificate with its key, or errCertificate, errKey or errMismatch.
func keyPair(certPEM, keyPEM []byte) (tls.Certificate, error) {
	if _, err := cert.ParseCertsPEM(certPEM); err != nil || len(certPEM) > maxPEMBytes {
		return tls.Certificate{}, errCertificate
	}
	if _, err := keyutil.ParsePrivateKeyPEM(keyPEM); err != nil || len(keyPEM) > maxPEMBytes {
		return tls.Certificate{}, errKey
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return tls.Certificate{}, errMismatch
	}
	return pair, nil
}

func authorities(r target.Reference, read *content) (*x509.CertPool, *reason.Error) {
	pool := read.pool()
	if pool == nil {
		return nil, reason.Explained(reason.CAInvalid, fmt.Sprintf("what %s names holds no certificates in PEM", r.Field),
			fmt.Sprintf("Key %s of %s %s must hold blocks that begin with -----BEGIN CERTIFICATE-----, of at most %d bytes.", r.Keys[0], r.Kind, r.Name, maxPEMBytes))
	}
	return pool, nil
}

func ownCertificate(r target.Reference, read *content) (tls.Certificate, *reason.Error) {
	invalid := func(key, what string) *reason.Error {
		return reason.Explained(reason.ClientCertificateInvalid, fmt.Sprintf("%s of the Secret that %s names holds no %s", key, r.Field, what),
			fmt.Sprintf("Create Secret %s with kubectl create secret tls --cert=... --key=..., of files of at most %d bytes.", r.Name, maxPEMBytes))
	}
	pair, err := read.pair()
	switch {
	case err == nil:
		return pair, nil
	case errors.Is(err, errCertificate):
		return pair, invalid(corev1.TLSCertKey, "certificates in PEM")
	case errors.Is(err, errKey):
		return pair, invalid(corev1.TLSPrivateKeyKey, "private key in PEM without a password")
	}
	return pair, reason.Explained(reason.ClientKeyMismatch, fmt.Sprintf("%s of the Secret that %s names is not the key of its %s", corev1.TLSPrivateKeyKey, r.Field, corev1.TLSCertKey),
		fmt.Sprintf("Write a certificate and its own key into Secret %s; the first certificate in %s must be that of the adapter.", r.Name, corev1.TLSCertKey))
}
