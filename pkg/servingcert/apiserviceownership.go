package servingcert

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/klog/v2"
)

// Observer is told how APIServices stand, for the adapter's own metrics.
type Observer interface {
	// APIService reports whether an APIService belongs to another Service.
	APIService(name string, foreign bool)
}

// RegistrationConfig says which APIServices should send requests to which Service. All fields are required.
type RegistrationConfig struct {
	// Dynamic reads and patches APIServices.
	Dynamic dynamic.Interface
	// Observer hears of each look at an APIService.
	Observer Observer
	// Namespace and ServiceName are those of the adapter's own Service.
	Namespace, ServiceName string
	// APIServices names the APIServices that are looked at, such as v1beta2.custom.metrics.k8s.io.
	APIServices []string
}

// Registration is how APIServices stand to the adapter's own Service. One that names another Service is looked at, and
// written to only after [Registration.TakeFrom].
type Registration struct {
	cfg RegistrationConfig

	mu      sync.Mutex
	states  map[string]APIServiceState
	foreign map[string]bool // which outlasts a look that fails
	port    int64           // of the own Service, in the latest APIService that named it
	from    string          // the Service that APIServices are taken from, empty for none
	ready   func() bool
}

// defaultPort is that of the Service in the manifests.
const defaultPort = 443

// NewRegistration returns a Registration that has not looked yet.
func NewRegistration(cfg RegistrationConfig) *Registration {
	return &Registration{cfg: cfg, states: map[string]APIServiceState{}, foreign: map[string]bool{}, port: defaultPort}
}

// TakeFrom has a [Manager] take APIServices that name one other Service, of the form namespace/name, whenever ready
// reports that requests can be answered here.
func (r *Registration) TakeFrom(service string, ready func() bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.from, r.ready = service, ready
}

// takes reports whether an APIService is taken from the Service that it names.
func (r *Registration) takes(found observation) bool {
	r.mu.Lock()
	from, ready := r.from, r.ready
	r.mu.Unlock()
	return found.state == APIServiceForeign && found.service == from && ready()
}

func (r *Registration) own() string { return r.cfg.Namespace + "/" + r.cfg.ServiceName }

// Look reads each APIService once and writes to none.
func (r *Registration) Look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	var errs []error
	for _, name := range r.cfg.APIServices {
		found, _, err := r.observe(ctx, name)
		_, err = r.note(ctx, name, found, err)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Run looks at intervals until ctx ends. A [Manager] looks in its own passes; Run is for an adapter without one.
func (r *Registration) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.Look(ctx); err != nil && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "Cannot tell to which Service APIServices belong, trying again")
		}
		pause(ctx, wait.Jitter(recheckInterval, 0.2))
	}
}

// Foreign names, in order, the APIServices that belonged to another Service when they were last read.
func (r *Registration) Foreign() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.foreign))
}

// note remembers what a look found, and names the APIService in its error.
func (r *Registration) note(ctx context.Context, name string, found observation, err error) (observation, error) {
	if err != nil {
		found, err = observation{state: APIServiceUnknown}, fmt.Errorf("APIService %s: %w", name, err)
	}
	r.mu.Lock()
	before := r.states[name]
	r.states[name] = found.state
	switch found.state {
	case APIServiceUnknown:
	case APIServiceForeign:
		r.foreign[name] = true
	default:
		delete(r.foreign, name)
	}
	foreign := r.foreign[name]
	r.mu.Unlock()
	r.cfg.Observer.APIService(name, foreign)
	if before != found.state {
		r.log(ctx, name, found)
	}
	return found, err
}

// log says what changed, in words that say what to do.
func (r *Registration) log(ctx context.Context, name string, found observation) {
	logger := klog.FromContext(ctx).WithValues("apiService", name)
	switch found.state {
	case APIServiceOwn:
		logger.Info("APIService names this adapter's Service")
	case APIServiceMissing:
		logger.Info("APIService does not exist, waiting for it")
	case APIServiceForeign:
		logger.Error(nil, "APIService belongs to another Service and is left alone; only one backend per API version is possible",
			"service", found.service, "ownService", r.own())
	case APIServiceInsecure:
		logger.Error(nil, "APIService sets spec.insecureSkipTLSVerify, beside which the API server refuses spec.caBundle; "+
			"remove spec.insecureSkipTLSVerify to have this adapter's certificate verified")
	}
}
