package delegate

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	host = "prometheus-adapter.monitoring.svc"
	path = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/pods/*/http_requests"
)

// direct has a handler answer without a network, so that a test's clock knows
// when all of it waits.
type direct http.HandlerFunc

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	response := w.Result()
	response.Request, response.Body = r, lasting{response.Body, r.Context()}
	return response, nil
}

// lasting is a body that can be read while the request lasts.
type lasting struct {
	io.ReadCloser
	ctx context.Context
}

func (l lasting) Read(p []byte) (int, error) {
	if err := l.ctx.Err(); err != nil {
		return 0, err
	}
	return l.ReadCloser.Read(p)
}

// fixture is a Backend, and the adapter that it sends requests to.
type fixture struct {
	*Backend
	authority *redistest.Authority
	caFile    string
	issuer    *issuer
	seen      *observer
}

// start has the other adapter answer by handler.
func start(t *testing.T, handler http.HandlerFunc) *fixture {
	t.Helper()
	f := newFixture(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(f.authority.Issue(time.Now().Add(12*time.Hour), host))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}}))
	}()
	f.transport.dial = dialTo(listener.Addr().String())
	f.reload(t)
	t.Cleanup(func() {
		f.transport.CloseIdleConnections()
		_ = server.Close()
		<-ended
	})
	return f
}

// dialTo has the name of the Service lead to an address.
func dialTo(here string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		if address != host+":443" {
			return nil, fmt.Errorf("dialed %s", address)
		}
		return (&net.Dialer{}).DialContext(ctx, "tcp", here)
	}
}

// startInBubble has it answer where the clock is the test's.
func startInBubble(t *testing.T, handler http.HandlerFunc) *fixture {
	t.Helper()
	f := newFixture(t)
	f.round = direct(handler)
	f.proxy.Transport = f.round
	return f
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{
		authority: redistest.NewAuthority(t), caFile: filepath.Join(t.TempDir(), "ca.crt"),
		issuer: &issuer{}, seen: &observer{},
	}
	f.trust(t, f.authority)
	var err error
	f.Backend, err = New(Config{
		Namespace: "monitoring", Service: "prometheus-adapter", Port: 443, CAFile: f.caFile,
		ServiceAccount: "delegate", Tokens: f.issuer, Observer: f.seen,
		Owns:      func(resource string) bool { return resource == "redises.redis-metrics.dev" },
		Preferred: func(ctx context.Context) bool { return ctx.Value(preferredKey{}) != nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	f.tokens.held.Store(&token{text: "token-0", end: time.Now().Add(12 * time.Hour)})
	return f
}

// reload has the settings of the transport take effect.
func (f *fixture) reload(t testing.TB) {
	t.Helper()
	f.transport.loaded = nil
	if err := f.transport.load(); err != nil {
		t.Fatal(err)
	}
}

// trust writes the file with the backend's authority.
func (f *fixture) trust(t testing.TB, authority *redistest.Authority) {
	t.Helper()
	if err := os.WriteFile(f.caFile, authority.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
}

type preferredKey struct{}

// ask asks for a path as a client does.
func (f *fixture) ask(ctx context.Context, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

// issuer issues tokens that are numbered.
type issuer struct {
	mu    sync.Mutex
	count int
	fails error
	life  int64 // that is granted, in seconds
}

func (i *issuer) CreateToken(_ context.Context, account string, request *authenticationv1.TokenRequest, _ metav1.CreateOptions) (*authenticationv1.TokenRequest, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if account != "delegate" {
		return nil, fmt.Errorf("a token of %q was asked for", account)
	}
	if i.fails != nil {
		return nil, i.fails
	}
	i.count++
	granted := request.DeepCopy()
	if i.life > 0 {
		granted.Spec.ExpirationSeconds = &i.life
	}
	// By another clock than ours.
	granted.Status = authenticationv1.TokenRequestStatus{Token: fmt.Sprintf("token-%d", i.count), ExpirationTimestamp: metav1.NewTime(time.Now().Add(-24 * time.Hour))}
	return granted, nil
}

func (i *issuer) set(fails error, life int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fails, i.life = fails, life
}

func (i *issuer) issued() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.count
}

// observer records what a Backend reports.
type observer struct {
	mu       sync.Mutex
	codes    []int
	failures []Failure
	listed   []time.Time
	refused  []bool
}

func (o *observer) Delegated(code int, _ time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.codes = append(o.codes, code)
}

func (o *observer) DelegateFailed(failure Failure) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failures = append(o.failures, failure)
}

func (o *observer) DelegateListed(at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.listed = append(o.listed, at)
}

func (o *observer) DelegateRefused(refused bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refused = append(o.refused, refused)
}
