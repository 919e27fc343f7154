package servingcert

import (
	"crypto/x509"
	"slices"
	"time"
)

// planner decides what the Secret should hold. Apart from the keys that it generates, the result depends only
// on its inputs.
type planner struct {
	issuer
	now time.Time
	// settled reports whether the APIServices have shown an authority long enough for every client to trust
	// it.
	settled func(*x509.Certificate) bool
}

// plan repairs and renews stored, with the help of what this replica holds and serves. It returns good parts
// of stored unchanged, and describes what it replaced.
func (p planner) plan(stored, held material) (material, []string, error) {
	var changes []string
	next := material{bundle: p.trusted(stored, held), signer: stored.signer, pair: stored.pair}

	if next.signer == nil && held.signer != nil {
		next.signer = held.signer
		changes = append(changes, "authority restored from memory")
	}
	if !p.maySign(next.signer) {
		signer, err := p.newAuthority(p.now)
		if err != nil {
			return material{}, nil, err
		}
		next.signer = signer
		changes = append(changes, "authority made")
	}
	next.bundle = lead(next.bundle, next.signer.cert)

	if p.verify(next.pair, next.bundle, p.now) == nil && p.verify(held.pair, next.bundle, p.now) != nil {
		next.pair = held.pair
		changes = append(changes, "serving certificate restored from memory")
	}
	if p.mustIssue(next) {
		fresh, err := p.newPair(p.now, next.signer)
		if err != nil {
			return material{}, nil, err
		}
		next.pair = fresh
		changes = append(changes, "serving certificate made")
	}
	next.bundle = p.prune(next, held)
	return next, changes, nil
}

// trusted is the stored bundle, or the held one if that is lost, with the authority of the pair being served: the
// Secret may have been replaced as a whole, and clients must trust both until this replica has changed over.
func (p planner) trusted(stored, held material) []*x509.Certificate {
	bundle := stored.bundle
	if len(bundle) == 0 {
		bundle = held.bundle
	}
	if ca := p.verify(held.pair, held.bundle, p.now); ca != nil {
		bundle = include(bundle, ca)
	}
	return bundle
}

// maySign reports whether what signer signs now is valid now, and signer is not due for
// renewal.
func (p planner) maySign(signer *authority) bool {
	return signer != nil && !p.now.Before(signer.cert.NotBefore) && p.now.Before(renewAt(signer.cert))
}

// mustIssue reports whether the pair is unusable, or is due for renewal and its successor
// would be trusted.
func (p planner) mustIssue(next material) bool {
	by := p.verify(next.pair, next.bundle, p.now)
	switch {
	case by == nil:
		return true
	case by.Equal(next.signer.cert):
		return !p.now.Before(renewAt(next.pair.leaf))
	default:
		return p.settled(next.signer.cert)
	}
}

// prune drops the authorities that can have signed no valid certificate: those that have expired, and those
// whose successor is older than the lifetime of a serving certificate.
func (p planner) prune(next, held material) []*x509.Certificate {
	newest := next.signer.cert
	for _, ca := range next.bundle {
		if ca.NotBefore.After(newest.NotBefore) {
			newest = ca
		}
	}
	successorAge := p.now.Sub(newest.NotBefore) - backdate(p.caValidity)
	needed := []*x509.Certificate{
		next.signer.cert,
		p.verify(next.pair, next.bundle, p.now),
		p.verify(held.pair, next.bundle, p.now),
	}
	return slices.DeleteFunc(slices.Clone(next.bundle), func(ca *x509.Certificate) bool {
		if slices.ContainsFunc(needed, ca.Equal) {
			return false
		}
		return p.now.After(ca.NotAfter) || successorAge > p.servingValidity
	})
}
