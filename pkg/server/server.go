package server

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/types"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/apiserver/pkg/server/healthz"
	"k8s.io/component-base/metrics/legacyregistry"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver/metrics"
	basecmd "sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// Name is the name of the server in its logs and its OpenAPI document.
const Name = "redis-metrics-adapter"

// requestTimeout bounds a request. Everything is answered from memory.
const requestTimeout = 10 * time.Second

// Config is what a server works with.
type Config struct {
	// Kubeconfig is the file that says how to reach the API server, empty inside a cluster.
	Kubeconfig string
	// Version is the version of this program.
	Version string
	// Provider answers the API.
	Provider provider.CustomMetricsProvider
	// Delegate answers for metrics of other resources, nil if there is none.
	Delegate Delegate
	// Asked is called when the HorizontalPodAutoscaler controller asks for a metric of an object. It must return at
	// once.
	Asked func(object types.NamespacedName)
	// Certificate is the serving certificate, nil if Options name files.
	Certificate dynamiccertificates.CertKeyContentProvider
	// Synced reports whether all objects that existed at the start are known.
	Synced func() bool
	// Current returns an error while objects may have changed since the API server last
	// reported them.
	Current func() error
	// Warm reports, after Synced, whether these objects have been sampled, or awaited
	// for long enough.
	Warm func() bool
	// Alive returns an error if only a new process can help.
	Alive func() error
}

// New returns a server that already listens but does not serve yet.
func New(o *Options, cfg Config) (*genericapiserver.GenericAPIServer, error) {
	if o.Adapter.Authentication.RemoteKubeConfigFile == "" {
		o.Adapter.Authentication.RemoteKubeConfigFile = cfg.Kubeconfig
	}
	if o.Adapter.Authorization.RemoteKubeConfigFile == "" {
		o.Adapter.Authorization.RemoteKubeConfigFile = cfg.Kubeconfig
	}
	base := &basecmd.AdapterBase{
		Name:                              Name,
		CustomMetricsAdapterServerOptions: o.Adapter,
		RemoteKubeConfigFile:              cfg.Kubeconfig,
		// The flags of AdapterBase are for what it would do itself. Options has the
		// adapter's own.
		FlagSet: pflag.NewFlagSet(Name, pflag.ContinueOnError),
	}
	base.WithCustomMetrics(boundedLists{attentive{cfg.Provider, cfg.Asked, o.Autoscalers}})
	config, err := base.Config()
	if err != nil {
		return nil, fmt.Errorf("configuring the API server: %w", err)
	}
	generic := config.GenericConfig
	if cfg.Certificate != nil {
		// The library has put a certificate for localhost there.
		generic.SecureServing.Cert = cfg.Certificate
	}
	generic.OpenAPIConfig.Info.Version = cfg.Version
	generic.OpenAPIV3Config.Info.Version = cfg.Version
	generic.RequestTimeout = requestTimeout
	generic.ShutdownDelayDuration = o.ShutdownDelay
	if err := protect(generic, o, cfg); err != nil {
		return nil, err
	}
	generic.AddReadyzChecks(cfg.ready()...)
	generic.AddHealthChecks(healthz.NamedCheck("sampling-goes-on", func(*http.Request) error { return cfg.Alive() }))
	adapter, err := base.Server()
	if err != nil {
		return nil, fmt.Errorf("making the API server: %w", err)
	}
	listMetrics(adapter.GenericAPIServer.AggregatedDiscoveryGroupManager, cfg.Provider.ListAllMetrics(), cfg.Delegate)
	if err := metrics.RegisterMetrics(legacyregistry.Register); err != nil {
		return nil, fmt.Errorf("registering the library's metrics: %w", err)
	}
	return adapter.GenericAPIServer, nil
}
