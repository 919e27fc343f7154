package servingcert

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"time"
)

// settleTime is how long the APIServices must show an authority before a certificate signed by it is served. It is
// many times as long as watches take to reach every API server's proxy.
const settleTime = 5 * time.Minute

// propagation remembers since when all APIServices that verify this adapter have shown an authority. It is not
// persistent: a restarted replica waits again.
type propagation struct {
	since map[[sha256.Size]byte]time.Time
}

// observe records what one pass over the APIServices found, after each got bundle. complete is false if one could
// not be read or patched. Then nothing counts as shown.
func (p *propagation) observe(now time.Time, bundle []*x509.Certificate, found []observation, complete bool) {
	since := map[[sha256.Size]byte]time.Time{}
	for _, ca := range bundle {
		if !complete {
			break
		}
		key := sha256.Sum256(ca.Raw)
		since[key] = now
		if first, known := p.since[key]; known && shownByAll(ca, found) {
			since[key] = first
		}
	}
	p.since = since
}

// shownByAll reports whether all APIServices that verify this adapter show an authority. A missing, foreign or
// insecure one rejects no certificate.
func shownByAll(ca *x509.Certificate, found []observation) bool {
	return !slices.ContainsFunc(found, func(o observation) bool {
		return o.state == APIServiceOwn && !slices.ContainsFunc(o.shown, ca.Equal)
	})
}

// settled reports whether ca has been shown for settleTime.
func (p *propagation) settled(ca *x509.Certificate, now time.Time) bool {
	first, known := p.since[sha256.Sum256(ca.Raw)]
	return known && now.Sub(first) >= settleTime
}
