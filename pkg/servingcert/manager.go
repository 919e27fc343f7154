package servingcert

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
)

// recheckInterval is how soon an APIService that was applied without its caBundle is repaired, and a Secret that
// another replica has written is read.
const recheckInterval = 10 * time.Second

// Config says where certificates are kept. All fields are required.
type Config struct {
	// Client reads and writes the Secret.
	Client kubernetes.Interface
	// Registration names the Service for which certificates are made, and the
	// APIServices whose spec.caBundle is kept current.
	Registration *Registration
	// SecretName is the name of the Secret, in the namespace of the Service.
	SecretName string
}

var _ dynamiccertificates.CertKeyContentProvider = (*Manager)(nil)

// Manager keeps one Service's certificates current and serves them to a listener.
type Manager struct {
	cfg       Config
	namespace string // of the Secret
	issuer    issuer

	// passing guards held and publication. Only a pass uses them.
	passing     sync.Mutex
	held        material
	publication propagation

	served atomic.Pointer[pair]

	mu        sync.Mutex
	listeners []dynamiccertificates.Listener
}

// New returns a Manager. It sends no request.
func New(cfg Config) *Manager {
	service := cfg.Registration.cfg
	return &Manager{cfg: cfg, namespace: service.Namespace, issuer: issuer{
		dnsNames: dnsNames(service.ServiceName, service.Namespace), caValidity: caValidity, servingValidity: servingValidity,
	}}
}

// Ensure blocks until there is a pair. It retries until ctx ends, and then returns the last error. It leaves an
// APIService that could not be patched to [Manager.Run].
func (m *Manager) Ensure(ctx context.Context) error {
	backoff := newBackoff()
	for {
		err := m.reconcile(ctx)
		if m.served.Load() != nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("no serving certificate: %w", errors.Join(context.Cause(ctx), err))
		}
		klog.FromContext(ctx).Error(err, "No serving certificate yet, trying again")
		pause(ctx, backoff.Step())
	}
}

// Run keeps Secret, APIServices and the served pair current until ctx ends.
func (m *Manager) Run(ctx context.Context) {
	backoff := newBackoff()
	for ctx.Err() == nil {
		err := m.reconcile(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			klog.FromContext(ctx).Error(err, "Certificates are not current, trying again")
			pause(ctx, backoff.Step())
		default:
			backoff = newBackoff()
			pause(ctx, wait.Jitter(recheckInterval, 0.2))
		}
	}
}

// Name identifies the pair in the listener's log.
func (m *Manager) Name() string {
	return "secret " + m.namespace + "/" + m.cfg.SecretName
}

// CurrentCertKeyContent returns the PEM pair to serve; both are nil before [Manager.Ensure] has returned.
func (m *Manager) CurrentCertKeyContent() (certPEM, keyPEM []byte) {
	if current := m.served.Load(); current != nil {
		return current.certPEM, current.keyPEM
	}
	return nil, nil
}

// AddListener makes the Manager call listener whenever it serves another pair.
func (m *Manager) AddListener(listener dynamiccertificates.Listener) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listeners = append(m.listeners, listener)
}

func (m *Manager) notify() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, listener := range m.listeners {
		listener.Enqueue()
	}
}

func (m *Manager) settled(ca *x509.Certificate) bool {
	return m.publication.settled(ca, time.Now())
}

func newBackoff() wait.Backoff {
	return wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 20, Cap: 30 * time.Second}
}

// pause waits for duration or the end of ctx.
func pause(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}
