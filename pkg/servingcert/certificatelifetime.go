package servingcert

import (
	"crypto/x509"
	"time"
)

// The lifetimes of an authority and of a serving certificate. Publishing a new authority, even with the longest
// backoff, takes little of their last third.
const (
	caValidity      = 10 * 365 * 24 * time.Hour
	servingValidity = 365 * 24 * time.Hour
)

// maxBackdate makes a certificate valid at once on a machine whose clock is behind.
const maxBackdate = time.Hour

func backdate(validity time.Duration) time.Duration {
	return min(maxBackdate, validity/10)
}

// renewAt returns the instant at which two thirds of a certificate's lifetime have
// passed.
func renewAt(c *x509.Certificate) time.Time {
	return c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) / 3 * 2)
}
