package delegate

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// connectTimeout leaves time for the response.
	connectTimeout = 2 * time.Second
	// idleAtMost bounds how many idle connections are kept, and idleTime for how long.
	idleAtMost = 16
	idleTime   = 30 * time.Second
	// answerHeaderBytes bounds the headers of a response.
	answerHeaderBytes = 64 << 10
)

// transport connects to the backend, and verifies its certificate by the authority in a
// file.
type transport struct {
	file, serverName string
	dial             func(ctx context.Context, network, address string) (net.Conn, error)
	current          atomic.Pointer[http.Transport]

	loading sync.Mutex
	loaded  []byte
}

func newTransport(cfg Config) (*transport, error) {
	t := &transport{
		file:       cfg.CAFile,
		serverName: cmp.Or(cfg.ServerName, fmt.Sprintf("%s.%s.svc", cfg.Service, cfg.Namespace)),
		dial:       (&net.Dialer{Timeout: connectTimeout}).DialContext,
	}
	if err := t.load(); err != nil {
		return nil, err
	}
	return t, nil
}

// load reads the file. It changes nothing if the content is unchanged or unusable.
func (t *transport) load() error {
	t.loading.Lock()
	defer t.loading.Unlock()
	found, err := os.ReadFile(t.file)
	if err != nil {
		return fmt.Errorf("the backend's authority: %w", err)
	}
	if t.current.Load() != nil && bytes.Equal(found, t.loaded) {
		return nil
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(found) {
		return fmt.Errorf("the backend's authority: %s has no certificate in PEM", t.file)
	}
	before := t.current.Swap(t.connect(authorities))
	t.loaded = found
	if before != nil {
		before.CloseIdleConnections()
	}
	return nil
}

// connect returns a transport that trusts authorities. It uses HTTP/1.1, so a request
// that hangs blocks only its own connection.
func (t *transport) connect(authorities *x509.CertPool) *http.Transport {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            t.dial,
		TLSClientConfig:        &tls.Config{RootCAs: authorities, ServerName: t.serverName, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		Protocols:              protocols,
		DisableCompression:     true, // the client says what it takes
		MaxIdleConnsPerHost:    idleAtMost,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: answerHeaderBytes,
	}
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.current.Load().RoundTrip(r)
}

// CloseIdleConnections closes the idle connections.
func (t *transport) CloseIdleConnections() { t.current.Load().CloseIdleConnections() }
