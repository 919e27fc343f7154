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
	// requestTimeout bounds a request to the backend, its answer included. It is
	// shorter than that of the server, whose own error would not name the backend.
	requestTimeout = 5 * time.Second
	// requestsAtMost bounds the requests under way, and once more those that are
	// preferred.
	requestsAtMost = 64
	// failuresInRow open the breaker, openFor is how long it then refuses, before
	// it lets a single request try.
	failuresInRow = 5
	openFor       = 10 * time.Second
)

// Observer hears of requests and discovery, for the adapter's own metrics. Its
// methods must return at once and be safe for concurrent use.
type Observer interface {
	// Delegated hears of each answer: its code, 0 if the client went away before.
	Delegated(code int, took time.Duration)
	// DelegateFailed hears of each request that the backend did not answer.
	DelegateFailed(Failure)
	// DelegateListed hears when discovery was read.
	DelegateListed(at time.Time)
	// DelegateRefused hears whether the breaker refuses requests from now on.
	DelegateRefused(refused bool)
}

// Config says which backend there is. All fields but ServerName are required.
type Config struct {
	// Namespace, Service and Port are where the backend is reached.
	Namespace, Service string
	Port               int
	// CAFile has the certificates that the backend's is verified by.
	CAFile string
	// ServerName is the name in the backend's certificate: SERVICE.NAMESPACE.svc if
	// it is empty.
	ServerName string

	// ServiceAccount is the name of the account that the backend sees, and Tokens
	// issues its tokens.
	ServiceAccount string
	Tokens         TokenIssuer

	// Owns reports whether metrics of a resource are served by the adapter itself.
	// What the backend lists of them is passed over.
	Owns func(resource string) bool
	// Preferred reports whether a request has turns that others cannot take.
	Preferred func(context.Context) bool
	Observer  Observer
}

// name is what the backend is called in errors and logs.
func (c Config) name() string { return c.Namespace + "/" + c.Service }

// host is where the backend is dialed.
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

// New makes a backend. It calls nobody, and fails if the file with the
// backend's authority cannot be read.
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
		// A client that goes away says nothing about the backend.
		IsExcluded:    func(err error) bool { return errors.Is(err, context.Canceled) },
		OnStateChange: func(_ string, _, to gobreaker.State) { cfg.Observer.DelegateRefused(to != gobreaker.StateClosed) },
	})
	b.known.Store(&listing{})
	return b, nil
}

// Run keeps the token, what the backend lists and its authority current until
// ctx ends.
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

// unable returns why the backend need not be asked, if so.
func (b *Backend) unable(r *http.Request) Failure {
	switch {
	case b.known.Load().lacks(versionOf(r.URL.Path)):
		return VersionNotServed
	case b.tokens.current() == "":
		return NoToken
	}
	return ""
}

// Resources returns the metrics that the backend listed for a version when it
// was read last. The slice must not be changed.
func (b *Backend) Resources(version string) []metav1.APIResource {
	return b.known.Load().versions[version]
}

// OnListed has listed called whenever discovery has been read, and once now.
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
