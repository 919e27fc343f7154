package servingcert

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

const (
	caCertKey = "ca.crt"
	// caKeyKey is an additional key, which the type kubernetes.io/tls allows.
	caKeyKey = "ca.key"
)

// authority is a certificate authority with its key.
type authority struct {
	cert   *x509.Certificate
	key    crypto.Signer
	keyPEM []byte
}

// pair is a serving certificate with its key. It is immutable.
type pair struct {
	certPEM []byte
	keyPEM  []byte
	leaf    *x509.Certificate
}

func (p *pair) equal(other *pair) bool {
	if p == nil || other == nil {
		return p == other
	}
	return bytes.Equal(p.certPEM, other.certPEM) && bytes.Equal(p.keyPEM, other.keyPEM)
}

// material is what the Secret holds. A part is nil if it is absent or unusable.
type material struct {
	// bundle is what clients trust. If signer is set, its certificate comes first.
	bundle []*x509.Certificate
	signer *authority
	pair   *pair
}

// decode reads each usable part of data and leaves out the rest. It does not check whether certificates are valid
// now.
func decode(data map[string][]byte) material {
	decoded := material{bundle: decodeBundle(data[caCertKey])}
	for _, ca := range decoded.bundle {
		if signer := decodeAuthority(ca, data[caKeyKey]); signer != nil {
			decoded.signer = signer
			break
		}
	}
	keyPair, err := tls.X509KeyPair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey])
	if err == nil {
		decoded.pair = &pair{
			certPEM: data[corev1.TLSCertKey],
			keyPEM:  data[corev1.TLSPrivateKeyKey],
			leaf:    keyPair.Leaf,
		}
	}
	return decoded
}

// decodeAuthority returns nil if keyPEM is not the key of ca.
func decodeAuthority(ca *x509.Certificate, keyPEM []byte) *authority {
	keyPair, err := tls.X509KeyPair(encodeCertificates([]*x509.Certificate{ca}), keyPEM)
	if err != nil {
		return nil
	}
	return &authority{cert: ca, key: keyPair.PrivateKey.(crypto.Signer), keyPEM: keyPEM} // there are no other keys
}

func decodeBundle(data []byte) []*x509.Certificate {
	var bundle []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err == nil && parsed.IsCA {
			bundle = include(bundle, parsed)
		}
	}
	return bundle
}

// encodeInto replaces the four keys in data and leaves others as they are. It reports whether anything changed.
func (m material) encodeInto(data map[string][]byte) bool {
	encoded := map[string][]byte{
		corev1.TLSCertKey:       m.pair.certPEM,
		corev1.TLSPrivateKeyKey: m.pair.keyPEM,
		caCertKey:               encodeCertificates(m.bundle),
		caKeyKey:                m.signer.keyPEM,
	}
	changed := false
	for key, value := range encoded {
		if !bytes.Equal(data[key], value) {
			data[key] = value
			changed = true
		}
	}
	return changed
}

// include returns bundle with ca at its end, unless bundle holds it already.
func include(bundle []*x509.Certificate, ca *x509.Certificate) []*x509.Certificate {
	if slices.ContainsFunc(bundle, ca.Equal) {
		return bundle
	}
	return append(slices.Clip(bundle), ca)
}

// lead returns bundle with ca at its front.
func lead(bundle []*x509.Certificate, ca *x509.Certificate) []*x509.Certificate {
	rest := slices.DeleteFunc(slices.Clone(bundle), ca.Equal)
	return append([]*x509.Certificate{ca}, rest...)
}
