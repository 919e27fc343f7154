package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/component-base/cli/flag"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd/options"
)

// Options says where and how the server serves.
type Options struct {
	// Adapter holds the options of the generic API server.
	Adapter *options.CustomMetricsAdapterServerOptions
	// ShutdownDelay is how long the server continues to serve after it was told to
	// stop, while /readyz reports that it is no longer ready.
	ShutdownDelay time.Duration
	// Autoscalers are the names of the users as which the HorizontalPodAutoscaler controller sends
	// requests.
	Autoscalers []string
}

const (
	// authorizedTTL is how long a granted permission is cached, the default of the API
	// server's own webhook authorizer. The HorizontalPodAutoscaler asks every 15 s, so
	// with the library's 10 s each request would cost a SubjectAccessReview.
	authorizedTTL = 5 * time.Minute
	// defaultPort needs no privilege.
	defaultPort = 6443
	// defaultShutdownDelay gives the aggregator and kube-proxy time to notice.
	defaultShutdownDelay = 5 * time.Second
)

// NewOptions returns the defaults.
func NewOptions() *Options {
	adapter := options.NewCustomMetricsAdapterServerOptions()
	adapter.SecureServing.BindPort = defaultPort
	adapter.SecureServing.ServerCert.CertDirectory = ""
	adapter.SecureServing.ServerCert.PairName = ""
	adapter.Authorization.AllowCacheTTL = authorizedTTL
	return &Options{Adapter: adapter, ShutdownDelay: defaultShutdownDelay, Autoscalers: defaultAutoscalers()}
}

// AddFlags adds the flags to the sections of a help text.
func (o *Options) AddFlags(sections *flag.NamedFlagSets) {
	serving := sections.FlagSet("serving")
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.Adapter.SecureServing.AddFlags(all)
	for name, usage := range servingFlags() {
		f := all.Lookup(name)
		f.Usage = usage
		serving.AddFlag(f)
	}
	serving.DurationVar(&o.ShutdownDelay, "shutdown-delay-duration", o.ShutdownDelay,
		"How long to keep serving after a signal to stop, so that clients learn that this replica is going away.")
	serving.StringSliceVar(&o.Autoscalers, "autoscaler-users", o.Autoscalers,
		"Users that the HorizontalPodAutoscaler controller runs as. The adapter authorizes and serves them apart from all others, so no other client delays them. "+
			"If the controller of your cluster runs as another user, list that user, and nobody else.")
	o.Adapter.Authentication.AddFlags(sections.FlagSet("authentication"))
	o.Adapter.Authorization.AddFlags(sections.FlagSet("authorization"))
}

// servingFlags are the flags of the generic API server that have a meaning here, with what they mean here.
func servingFlags() map[string]string {
	return map[string]string{
		"bind-address":                     "Address to listen on.",
		"secure-port":                      "Port to serve HTTPS on, from 1 to 65535.",
		"disable-http2-serving":            "Serve HTTP/1.1 only.",
		"http2-max-streams-per-connection": "Maximum number of concurrent requests in one HTTP/2 connection. 0 means Go's default.",
		"tls-cert-file":                    "File with the serving certificate, followed by those of intermediate authorities. The adapter reads it again when it changes. Without it, the adapter makes its own certificate and keeps spec.caBundle of its APIServices current.",
		"tls-private-key-file":             "File with the private key of --tls-cert-file.",
		"tls-cipher-suites":                "Cipher suites of TLS 1.2, by their names in Go's package crypto/tls. Empty means Go's default.",
		"tls-min-version":                  "Lowest version of TLS: VersionTLS12 or VersionTLS13. Empty means Go's default, 1.2.",
	}
}

// FromAutoscaler reports whether a request comes from the HorizontalPodAutoscaler
// controller.
func (o *Options) FromAutoscaler(ctx context.Context) bool {
	return autoscalers(o.Autoscalers).ask(ctx)
}

// UsesOwnCertificate reports whether no certificate files are named, so the adapter
// must make its own serving certificate.
func (o *Options) UsesOwnCertificate() bool {
	pair := o.Adapter.SecureServing.ServerCert.CertKey
	return pair.CertFile == "" && pair.KeyFile == ""
}

// Validate returns an error that names each flag with an invalid value.
func (o *Options) Validate() error {
	errs := o.Adapter.Validate()
	pair := o.Adapter.SecureServing.ServerCert.CertKey
	if (pair.CertFile == "") != (pair.KeyFile == "") {
		errs = append(errs, errors.New("--tls-cert-file and --tls-private-key-file go together: set both, or neither to let the adapter make its certificate"))
	}
	if o.ShutdownDelay < 0 {
		errs = append(errs, fmt.Errorf("--shutdown-delay-duration must not be negative, is %s", o.ShutdownDelay))
	}
	if port := o.Adapter.SecureServing.BindPort; port == 0 && o.Adapter.SecureServing.Listener == nil {
		errs = append(errs, field.Invalid(field.NewPath("--secure-port"), port, "must be from 1 to 65535"))
	}
	if slices.Contains(o.Autoscalers, "") {
		errs = append(errs, errors.New("--autoscaler-users holds an empty name: write the names of users, separated by commas"))
	}
	return errors.Join(errs...)
}
