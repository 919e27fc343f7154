package delegate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
)

const (
	// requestTimeout bounds a request to the backend, including its response. It is
	// shorter than that of the server, whose own error would not name the backend.
	requestTimeout = 5 * time.Second
	// requestsAtMost bounds the requests under way, and separately those that are
	// preferred.
	requestsAtMost = 64
	// failuresInRow failures open the breaker. It then refuses requests for openFor,
	// before it lets a single request try.
	failuresInRow = 5
	openFor       = 10 * time.Second
)

// Observer receives the outcome of requests and discovery, for the adapter's own
// metrics. Its methods must return at once and be safe for concurrent use.
type Observer interface {
	// Delegated receives the code of each response, 0 if the client has gone before.
	Delegated(code int, took time.Duration)
	// DelegateFailed receives each request that the backend did not answer.
	DelegateFailed(Failure)
	// DelegateListed receives when discovery was read.
	DelegateListed(at time.Time)
	// DelegateRefused receives whether the breaker now refuses requests.
	DelegateRefused(refused bool)
}

// Config describes the backend. All fields except ServerName are required.
type Config struct {
	// Namespace, Service and Port are those of the backend.
	Namespace, Service string
	Port               int
	// CAFile holds the certificates by which the backend's certificate is verified.
	CAFile string
	// ServerName is the name in the backend's certificate: SERVICE.NAMESPACE.svc if
	// it is empty.
	ServerName string

	// ServiceAccount is the name of the account that the backend sees, and Tokens
	// issues its tokens.
	ServiceAccount string
	Tokens         TokenIssuer

	// Owns reports whether the adapter itself serves metrics of a resource. The
	// backend's are then ignored.
	Owns func(resource string) bool
	// Preferred reports whether a request has turns reserved for it.
	Preferred func(context.Context) bool
	Observer  Observer
}

// name returns the name of the backend in errors and logs.
func (c Config) name() string { return c.Namespace + "/" + c.Service }

// host returns the host and port to dial.
func (c Config) host() string { return fmt.Sprintf("%s.%s.svc:%d", c.Service, c.Namespace, c.Port) }

// Backend is the other adapter.
type Backend struct {
	cfg       Config
	tokens    *tokens
	transport *transport
	round     http.RoundTripper // transport but in tests
	proxy     *httputil.ReverseProxy
	breaker   *gobreaker.TwoStepCircuitBreaker[struct{}]
	shared    chan struct{} // has an element for each request under way
	preferred chan struct{}

	known atomic.Pointer[listing]

	mu       sync.Mutex
	onListed func()
}

// New returns a Backend. It sends no request, and fails if the file with the backend's
// authority cannot be read.
func New(cfg Config) (*Backend, error) {
	transport, err := newTransport(cfg)
	if err != nil {
		return nil, err
	}
	b := &Backend{
		cfg: cfg, transport: transport, round: transport, tokens: newTokens(cfg.Tokens, cfg.ServiceAccount),
		shared: make(chan struct{}, requestsAtMost), preferred: make(chan struct{}, requestsAtMost),
	}
	b.proxy = b.newProxy()
	b.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        cfg.name(),
		Timeout:     openFor,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= failuresInRow },
		// That a client has gone says nothing about the backend.
		IsExcluded:    func(err error) bool { return errors.Is(err, context.Canceled) },
		OnStateChange: func(_ string, _, to gobreaker.State) { cfg.Observer.DelegateRefused(to != gobreaker.StateClosed) },
	})
	b.known.Store(&listing{})
	return b, nil
}

// Run keeps the token, the listing and the authority current until ctx ends.
func (b *Backend) Run(ctx context.Context) {
	ctx = klog.NewContext(ctx, klog.FromContext(ctx).WithValues("delegate", b.cfg.name()))
	var background sync.WaitGroup
	defer b.transport.CloseIdleConnections()
	defer background.Wait()
	background.Go(func() { b.tokens.run(ctx) })
	select {
	case <-ctx.Done():
	case <-b.tokens.first:
	}
	b.runDiscovery(ctx)
}

// ServeHTTP answers as the backend does, or with the API error of a [Failure].
// The path must be a metric's, in its canonical form.
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	a := &answer{client: w, request: r, header: http.Header{}}
	defer func() {
		if a.failure != "" && a.failure != gone {
			b.cfg.Observer.DelegateFailed(a.failure)
		}
		b.cfg.Observer.Delegated(a.code, time.Since(began))
	}()

	turns := b.shared
	if b.cfg.Preferred(r.Context()) {
		turns = b.preferred
	}
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	default:
		a.fail(Overloaded, b.cfg.name())
		return
	}
	if failure := b.unable(r); failure != "" {
		a.fail(failure, b.cfg.name())
		return
	}
	done, err := b.breaker.Allow()
	if err != nil {
		a.fail(Refused, b.cfg.name())
		return
	}
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), answerKey{}, a), requestTimeout)
	defer cancel()
	defer func() { done(a.verdict()) }() // the proxy panics if it cannot send the whole body
	b.proxy.ServeHTTP(a, r.WithContext(ctx))
}

// unable returns why the backend need not be asked, empty if it must be.
func (b *Backend) unable(r *http.Request) Failure {
	switch {
	case b.known.Load().lacks(versionOf(r.URL.Path)):
		return VersionNotServed
	case b.tokens.current() == "":
		return NoToken
	}
	return ""
}

// Resources returns the metrics that the backend last listed for a version. The caller
// must not modify the slice.
func (b *Backend) Resources(version string) []metav1.APIResource {
	return b.known.Load().versions[version]
}

// OnListed calls listed now, and whenever discovery has been read.
func (b *Backend) OnListed(listed func()) {
	b.mu.Lock()
	b.onListed = listed
	b.mu.Unlock()
	listed()
}

// learn keeps what the backend lists.
func (b *Backend) learn(found *listing) {
	b.known.Store(found)
	b.cfg.Observer.DelegateListed(found.at)
	b.mu.Lock()
	listed := b.onListed
	b.mu.Unlock()
	if listed != nil {
		listed()
	}
}
