package samplertest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"sync"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Credentials are a test's credentials: the same for all servers, and others for sentinels if set.
type Credentials struct {
	mu        sync.Mutex
	Newest    *credentials.Credentials
	Sentinels *credentials.Credentials
	Err       error
	rejected  int
}

// Get implements connection.Credentials.
func (c *Credentials) Get(_ context.Context, _ *target.Target, of target.Party) (*credentials.Credentials, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if of == target.Sentinels && c.Sentinels != nil {
		return c.Sentinels, nil
	}
	return c.Newest, c.Err
}

// ReportRejected implements connection.Credentials.
func (c *Credentials) ReportRejected(*target.Target, target.Party) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rejected++
}

// Set replaces the newest credentials, or the error for their absence.
func (c *Credentials) Set(newest *credentials.Credentials, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Newest, c.Err = newest, err
}

// SetSentinels replaces the newest credentials of sentinels.
func (c *Credentials) SetSentinels(newest *credentials.Credentials) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Sentinels = newest
}

// Rejected returns how often credentials did not work.
func (c *Credentials) Rejected() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rejected
}

// Password returns the credentials of a user.
func Password(username, password string) *credentials.Credentials {
	return &credentials.Credentials{Username: username, Password: password}
}

// Tomorrow returns when certificates of tests expire.
func Tomorrow() time.Time { return time.Now().Add(24 * time.Hour) }

// Trusting returns credentials that trust an authority, and present a certificate if one is
// given.
func Trusting(t *testing.T, a *redistest.Authority, pair ...[]byte) *credentials.Credentials {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(a.PEM)
	c := &credentials.Credentials{TLS: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}}
	if len(pair) > 0 {
		certificate, err := tls.X509KeyPair(pair[0], pair[1])
		if err != nil {
			t.Fatal(err)
		}
		c.TLS.Certificates = []tls.Certificate{certificate}
	}
	return c
}
