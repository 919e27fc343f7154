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

// Observer receives the state of APIServices, for the adapter's own metrics.
type Observer interface {
	// APIService records whether an APIService belongs to another Service.
	APIService(name string, foreign bool)
}

// RegistrationConfig says which APIServices should send requests to which Service. All fields are required.
type RegistrationConfig struct {
	// Dynamic reads and patches APIServices.
	Dynamic dynamic.Interface
	// Observer receives each read of an APIService.
	Observer Observer
	// Namespace and ServiceName are those of the adapter's own Service.
	Namespace, ServiceName string
	// APIServices are the names of the APIServices to read, such as v1beta2.custom.metrics.k8s.io.
	APIServices []string
}

// Registration knows to which Service each APIService belongs. It writes to one that names another Service only after
// [Registration.TakeFrom].
type Registration struct {
	cfg RegistrationConfig

	mu      sync.Mutex
	states  map[string]APIServiceState
	foreign map[string]bool // which outlasts a look that fails
	port    int64           // of the own Service, in the latest APIService that named it
	from    string          // the Service that APIServices are taken from, empty for none
	ready   func() bool
}

// defaultPort is the port of the Service in the manifests.
const defaultPort = 443

// NewRegistration returns a Registration that has read nothing yet.
func NewRegistration(cfg RegistrationConfig) *Registration {
	return &Registration{cfg: cfg, states: map[string]APIServiceState{}, foreign: map[string]bool{}, port: defaultPort}
}

// TakeFrom makes a [Manager] take APIServices from one other Service, namespace/name, whenever ready reports that
// this adapter can answer requests.
func (r *Registration) TakeFrom(service string, ready func() bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.from, r.ready = service, ready
}

// takes reports whether an APIService is to be taken from the Service that it names.
func (r *Registration) takes(found observation) bool {
	r.mu.Lock()
	from, ready := r.from, r.ready
	r.mu.Unlock()
	return found.state == APIServiceForeign && found.service == from && ready()
}

func (r *Registration) own() string { return r.cfg.Namespace + "/" + r.cfg.ServiceName }

// Look reads each APIService once, and writes nothing.
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

// Run reads the APIServices periodically until ctx ends. It is for an adapter without a [Manager], which reads
// them itself.
func (r *Registration) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.Look(ctx); err != nil && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "Cannot tell to which Service APIServices belong, trying again")
		}
		pause(ctx, wait.Jitter(recheckInterval, 0.2))
	}
}

// Foreign returns the names, in order, of the APIServices that belonged to another Service when they
// were last read.
func (r *Registration) Foreign() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.foreign))
}

// note records what a read found, and adds the APIService's name to its error.
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

// log logs what changed, and what to do about it.
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
		logger.Error(nil, "APIService sets spec.insecureSkipTLSVerify, with which the API server refuses spec.caBundle; "+
			"remove spec.insecureSkipTLSVerify to have this adapter's certificate verified")
	}
}
