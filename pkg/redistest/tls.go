package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/util/keyutil"
)

// Authority is a certificate authority of a test.
type Authority struct {
	// PEM is its own certificate.
	PEM []byte

	t           testing.TB
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority returns an authority that is valid for a day.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t, key: newKey(t), certificate: &x509.Certificate{
		Subject:   pkix.Name{CommonName: "authority of a test"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	a.PEM = a.sign(a.certificate, a.key)
	return a
}

// Issue returns a certificate and its key, in PEM, for host names and IP addresses. It
// is valid for servers and clients, until notAfter.
func (a *Authority) Issue(notAfter time.Time, hosts ...string) (certPEM, keyPEM []byte) {
	a.t.Helper()
	key := newKey(a.t)
	certificate := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "redis of a test"},
		NotBefore: notAfter.Add(-24 * time.Hour), NotAfter: notAfter,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			certificate.IPAddresses = append(certificate.IPAddresses, ip)
		} else {
			certificate.DNSNames = append(certificate.DNSNames, host)
		}
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.sign(certificate, key), keyPEM
}

func (a *Authority) sign(certificate *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, certificate, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// NewTLS starts a server of the default program.
func NewTLS(t testing.TB, clients *Authority, certPEM, keyPEM []byte, args ...string) *Server {
	t.Helper()
	return Default(t).NewTLS(t, clients, certPEM, keyPEM, args...)
}

// NewTLS starts a server that accepts TLS at TLSAddr, and no TLS at Addr. It trusts the
// clients of an authority. With the arguments "--tls-auth-clients", "yes" it requires
// their certificates.
func (p Program) NewTLS(t testing.TB, clients *Authority, certPEM, keyPEM []byte, args ...string) *Server {
	t.Helper()
	return p.New(t, append(clients.arguments(certPEM, keyPEM), args...)...)
}

// Arguments returns the arguments of servers like those of NewTLS, which share one
// certificate, and also use TLS among themselves.
func (a *Authority) Arguments(hosts ...string) []string {
	a.t.Helper()
	return append(a.arguments(a.Issue(time.Now().Add(time.Hour), hosts...)), "--tls-cluster", "yes", "--tls-replication", "yes")
}

func (a *Authority) arguments(certPEM, keyPEM []byte) []string {
	a.t.Helper()
	files := a.t.TempDir()
	return []string{
		"--tls-auth-clients", "no",
		"--tls-cert-file", writeFile(a.t, files, "tls.crt", certPEM),
		"--tls-key-file", writeFile(a.t, files, "tls.key", keyPEM),
		"--tls-ca-cert-file", writeFile(a.t, files, "ca.crt", a.PEM),
	}
}

// Certify gives the server another certificate, for new connections.
func (s *Server) Certify(certPEM, keyPEM []byte) {
	s.t.Helper()
	files := s.t.TempDir()
	s.Do("config", "set",
		"tls-cert-file", writeFile(s.t, files, "tls.crt", certPEM),
		"tls-key-file", writeFile(s.t, files, "tls.key", keyPEM))
}

func writeFile(t testing.TB, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
