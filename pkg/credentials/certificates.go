package credentials

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

var (
	errCertificate = errors.New("no certificates in PEM")
	errKey         = errors.New("no private key in PEM")
	errMismatch    = errors.New("the key is that of another certificate")
)

// certificates are those of a document, made once for all the targets that name it:
// a bundle of all public authorities takes milliseconds to read, and a megabyte.
type certificates struct {
	pooling sync.Once
	pool    *x509.CertPool

	pairing sync.Once
	pair    tls.Certificate
	unfit   error
}

// authorities returns those under a key, nil if there are none. A document is asked for one key alone.
func (c *content) authorities(key string) *x509.CertPool {
	c.made.pooling.Do(func() {
		text := c.values[key]
		all, err := cert.ParseCertsPEM(text)
		if err != nil || len(text) > maxPEMBytes {
			return
		}
		pool := x509.NewCertPool()
		for _, one := range all {
			pool.AddCert(one)
		}
		c.made.pool = pool
	})
	return c.made.pool
}

// keyPair returns the certificate with its key, or errCertificate, errKey or errMismatch.
func (c *content) keyPair() (tls.Certificate, error) {
	c.made.pairing.Do(func() {
		c.made.pair, c.made.unfit = keyPair(c.values[corev1.TLSCertKey], c.values[corev1.TLSPrivateKeyKey])
	})
	return c.made.pair, c.made.unfit
}

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
