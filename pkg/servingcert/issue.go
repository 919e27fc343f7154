package servingcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// issuer makes authorities and serving certificates for one Service.
type issuer struct {
	dnsNames        []string
	caValidity      time.Duration
	servingValidity time.Duration
}

// dnsNames returns the names of a Service. The aggregator verifies the first.
func dnsNames(name, namespace string) []string {
	service := name + "." + namespace
	return []string{service + ".svc", service + ".svc.cluster.local", service, name}
}

// newAuthority makes a self-signed authority.
func (i issuer) newAuthority(now time.Time) (*authority, error) {
	return issue(&x509.Certificate{
		// The instant distinguishes successive authorities in listings. A common name has at most 64
		// characters.
		Subject:               pkix.Name{CommonName: fmt.Sprintf("redis-metrics-adapter-ca@%d", now.Unix())},
		NotBefore:             now.Add(-backdate(i.caValidity)),
		NotAfter:              now.Add(i.caValidity),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}, nil)
}

// newPair makes a serving certificate that is signed by ca and does not outlive it.
func (i issuer) newPair(now time.Time, ca *authority) (*pair, error) {
	issued, err := issue(&x509.Certificate{
		Subject:               pkix.Name{CommonName: i.dnsNames[len(i.dnsNames)-1]},
		DNSNames:              i.dnsNames,
		NotBefore:             now.Add(-backdate(i.servingValidity)),
		NotAfter:              now.Add(min(i.servingValidity, ca.cert.NotAfter.Sub(now))),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}, ca)
	if err != nil {
		return nil, err
	}
	return &pair{certPEM: encodeCertificates([]*x509.Certificate{issued.cert}), keyPEM: issued.keyPEM, leaf: issued.cert}, nil
}

// issue makes a key and its certificate, with a serial number that x509 chooses. An authority signs it, or if that is
// nil, the key itself.
func issue(template *x509.Certificate, by *authority) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	if by == nil {
		by = &authority{cert: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	signed, err := x509.ParseCertificate(der)
	return &authority{cert: signed, key: key, keyPEM: keyPEM}, err
}

// verify returns the authority in bundle by which clients accept p now, or nil if they would reject it.
func (i issuer) verify(p *pair, bundle []*x509.Certificate, now time.Time) *x509.Certificate {
	if p == nil {
		return nil
	}
	for _, name := range i.dnsNames {
		if p.leaf.VerifyHostname(name) != nil {
			return nil
		}
	}
	for _, ca := range bundle {
		roots := x509.NewCertPool()
		roots.AddCert(ca)
		options := x509.VerifyOptions{Roots: roots, DNSName: i.dnsNames[0], CurrentTime: now}
		if _, err := p.leaf.Verify(options); err == nil {
			return ca
		}
	}
	return nil
}

func encodeCertificates(certificates []*x509.Certificate) []byte {
	// The encoder writes to memory, which cannot fail.
	encoded, _ := cert.EncodeCertificates(certificates...)
	return encoded
}
