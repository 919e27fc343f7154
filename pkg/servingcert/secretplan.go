package servingcert

import (
	"crypto/x509"
	"slices"
	"time"
)

// planner decides what the Secret should hold. It is a function of its inputs but for the keys that it draws.
type planner struct {
	issuer
	now time.Time
	// settled reports that the APIServices have shown an authority long enough for every client to trust it.
	settled func(*x509.Certificate) bool
}

// plan mends and renews stored, with the help of what this replica holds and serves. It returns stored's parts
// unchanged where they are good, and says in words what it replaced.
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

// maySign reports that what signer signs now is valid now, and that signer is not due.
func (p planner) maySign(signer *authority) bool {
	return signer != nil && !p.now.Before(signer.cert.NotBefore) && p.now.Before(renewAt(signer.cert))
}

// mustIssue reports that the pair is unusable, or is due and its successor would be trusted.
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

// prune drops the authorities that no valid certificate can come from: those that have expired, and those whose
// successor is older than the life of a serving certificate.
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
