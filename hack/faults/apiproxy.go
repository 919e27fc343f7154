package faults

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// APIProxy is a proxy between one adapter and the API server. A fault can withhold some requests.
type APIProxy struct {
	address  string
	server   *http.Server
	forward  *httputil.ReverseProxy
	upstream atomic.Pointer[url.URL]
	fault    atomic.Pointer[withheld]
	// expired makes the next watch fail because it comes too late.
	expired atomic.Bool

	mu  sync.Mutex
	cut context.CancelFunc
	all context.Context // of the requests under way
}

// withheld describes the requests that wait, and the responses that stop, until the fault is
// lifted.
type withheld struct {
	matches func(*http.Request) bool
	// delay makes only requests wait, and only for this long.
	delay time.Duration
	// begun excludes requests that begin later.
	begun  bool
	since  time.Time
	lifted chan struct{}
}

// NewAPIProxy starts a proxy before the API server of a cluster. The caller closes it.
func NewAPIProxy(c *cluster.Cluster, name string) (*APIProxy, error) {
	cert, key, err := c.ServingCertificate(name, net.IPv4(127, 0, 0, 1))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(c.CAFile())
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed by Close
	if err != nil {
		return nil, fmt.Errorf("open a proxy: %w", err)
	}
	p := &APIProxy{address: listener.Addr().String()}
	p.all, p.cut = context.WithCancel(context.Background())
	if err := p.Point(c.Config().Host); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	quiet := log.New(io.Discard, "", 0)
	p.forward = &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(p.upstream.Load()) },
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true},
		FlushInterval: -1, ErrorLog: quiet,
	}
	p.server = &http.Server{Handler: p, ErrorLog: quiet, ReadHeaderTimeout: time.Minute}
	go func() { _ = p.server.ServeTLS(listener, cert, key) }()
	return p, nil
}

// Address is the host and port where it listens.
func (p *APIProxy) Address() string { return p.address }

// Point sends new requests to another API server, and cuts those under way.
func (p *APIProxy) Point(host string) error {
	to, err := url.Parse(host)
	if err != nil {
		return err
	}
	p.upstream.Store(to)
	p.Cut()
	return nil
}

// Cut cuts all requests under way.
func (p *APIProxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut()
	p.all, p.cut = context.WithCancel(context.Background())
}

// Close cuts all connections and accepts no more.
func (p *APIProxy) Close() error {
	p.Cut()
	return p.server.Close()
}

// withhold withholds requests and responses until the returned function is called.
func (p *APIProxy) withhold(w withheld) (lift func()) {
	w.since, w.lifted = time.Now(), make(chan struct{})
	p.fault.Store(&w)
	return func() {
		p.fault.Store(nil)
		close(w.lifted)
	}
}

// goesOn waits until the fault is lifted, and reports whether the client is still
// connected.
func (w *withheld) goesOn(r *http.Request, began time.Time) bool {
	if w == nil || !w.matches(r) || w.begun && began.After(w.since) {
		return true
	}
	var late <-chan time.Time
	if w.delay > 0 {
		late = time.After(w.delay)
	}
	select {
	case <-w.lifted:
	case <-late:
	case <-r.Context().Done():
		return false
	}
	return true
}

func everything(*http.Request) bool { return true }

// watches reports whether a request watches Redis objects.
func watches(r *http.Request) bool {
	watch := r.URL.Query().Get("watch")
	return strings.HasSuffix(r.URL.Path, "/redises") && (watch == "true" || watch == "1")
}

// authorizes reports whether a request asks if a client may do something.
func authorizes(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/subjectaccessreviews") }

func (p *APIProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	all := p.all
	p.mu.Unlock()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(all, cancel)()
	r = r.WithContext(ctx)
	began := time.Now()
	if !p.fault.Load().goesOn(r, began) {
		panic(http.ErrAbortHandler)
	}
	if watches(r) && p.expired.CompareAndSwap(true, false) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusGone)
		_ = json.NewEncoder(w).Encode(metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
			Status:   metav1.StatusFailure, Code: http.StatusGone, Reason: metav1.StatusReasonExpired, Message: "too old resource version",
		})
		return
	}
	p.forward.ServeHTTP(&withholding{w, p, r, began}, r)
}

// withholding is a response that stops while a fault withholds it.
type withholding struct {
	http.ResponseWriter
	proxy   *APIProxy
	request *http.Request
	began   time.Time
}

func (w *withholding) Write(part []byte) (int, error) {
	if fault := w.proxy.fault.Load(); fault != nil && fault.delay == 0 && !fault.goesOn(w.request, w.began) {
		return 0, w.request.Context().Err()
	}
	return w.ResponseWriter.Write(part)
}

// Unwrap allows the response to be flushed.
func (w *withholding) Unwrap() http.ResponseWriter { return w.ResponseWriter }
