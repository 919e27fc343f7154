package app

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/component-base/cli/flag"
	logsapi "k8s.io/component-base/logs/api/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/server"
)

// name is the default name of everything that belongs to the adapter in a cluster.
const name = "redis-metrics-adapter"

// Options is what flags set.
type Options struct {
	// Server says where and how to serve.
	Server *server.Options
	// Logging says how to log.
	Logging *logsapi.LoggingConfiguration

	// Kubeconfig is the file that says how to reach the API server, empty inside a cluster.
	Kubeconfig string
	// Namespace is the adapter's own namespace.
	Namespace string
	// ServiceAccountName is the ServiceAccount that the adapter runs as.
	ServiceAccountName string
	// ServiceName is the Service through which the aggregator reaches the adapter.
	ServiceName string
	// TLSSecretName is the Secret that holds the serving certificate that the adapter makes.
	TLSSecretName string
	// LeaseName is the Lease that elects the one replica that writes status.
	LeaseName string
	// Identity identifies this replica.
	Identity string
	// ExitOnForeignAPIService ends the adapter at start if its APIServices belong to another Service.
	ExitOnForeignAPIService bool

	// APIService says to whom the APIServices belong: apiServiceOwn, apiServiceKeep or
	// apiServiceNone.
	APIService string
	// Delegate says who answers for metrics that are not of Redis.
	Delegate delegateOptions

	// RequireSecretsPolicy allows no Secret to be read while the API server does not check who
	// names it.
	RequireSecretsPolicy bool

	// AllowLoopback lets the adapter connect to addresses of its own machine.
	AllowLoopback bool
	// AllowAddresses, unless empty, lists all networks to which the adapter may connect, in the form of
	// egress.ParseRange.
	AllowAddresses []string
	// AllowUnixSockets are the directories in which Redis objects may name Unix sockets.
	AllowUnixSockets []string
}

const (
	// apiServiceOwn means that the APIServices belong to the adapter's Service.
	apiServiceOwn = "own"
	// apiServiceKeep also takes them back from the Service of --delegate-to.
	apiServiceKeep = "keep"
	// apiServiceNone leaves the APIServices to a server that forwards requests.
	apiServiceNone = "none"
)

// NewOptions returns the defaults, some of which come from the environment of a pod.
func NewOptions() *Options {
	return &Options{
		Server:        server.NewOptions(),
		Logging:       logsapi.NewLoggingConfiguration(),
		Namespace:     os.Getenv("POD_NAMESPACE"),
		Identity:      os.Getenv("POD_NAME"),
		ServiceName:   name,
		TLSSecretName: name + "-tls",
		LeaseName:     name,

		ServiceAccountName: name,

		APIService: apiServiceOwn,
		Delegate:   delegateOptions{ServiceAccount: name + "-delegate"},
	}
}

func (o *Options) flagSets() *flag.NamedFlagSets {
	sections := &flag.NamedFlagSets{}
	cluster := sections.FlagSet("cluster")
	cluster.StringVar(&o.Kubeconfig, "kubeconfig", o.Kubeconfig,
		"Kubeconfig file for the Kubernetes API server. Leave it empty inside a cluster.")
	cluster.StringVar(&o.Namespace, "namespace", o.Namespace,
		"Namespace of the adapter itself, for its Service, Secret and Lease. Defaults to the environment variable POD_NAMESPACE.")
	cluster.StringVar(&o.Identity, "identity", o.Identity,
		"Name of this replica in the Lease. Defaults to the environment variable POD_NAME, or else to the host name.")
	cluster.StringVar(&o.ServiceAccountName, "service-account-name", o.ServiceAccountName,
		"ServiceAccount that the adapter runs as. Conditions name it in the commands that grant the right to read a Secret.")
	cluster.StringVar(&o.ServiceName, "service-name", o.ServiceName,
		"Service through which the Kubernetes API server reaches the adapter. The adapter makes its serving certificate for this name.")
	cluster.StringVar(&o.TLSSecretName, "tls-secret-name", o.TLSSecretName,
		"Secret in which replicas share the serving certificate that the adapter makes. Not used if --tls-cert-file is set.")
	cluster.StringVar(&o.LeaseName, "lease-name", o.LeaseName,
		"Lease that elects the one replica that writes status and Events.")
	cluster.StringVar(&o.APIService, "apiservice", o.APIService,
		"Who serves the APIServices of custom.metrics.k8s.io: own, if they belong to the adapter's Service; keep, if the adapter also takes them back "+
			"whenever they name the Service of --delegate-to; none, if another server has them and forwards requests to the adapter. With keep, the other adapter "+
			"must not take them back in turn. With none, the adapter neither reads nor writes them, and the other server verifies the adapter with ca.crt in the "+
			"Secret --tls-secret-name.")
	cluster.BoolVar(&o.ExitOnForeignAPIService, "exit-on-foreign-apiservice", o.ExitOnForeignAPIService,
		"Exit at start if an APIService of custom.metrics.k8s.io belongs to another Service, or cannot be read. "+
			"Without this flag, the adapter runs, and serves the requests that reach it. Only --apiservice=keep takes over an APIService.")
	cluster.BoolVar(&o.RequireSecretsPolicy, "require-secrets-policy", o.RequireSecretsPolicy,
		"Read no Secret that a Redis object names unless the API server enforces the ValidatingAdmissionPolicy "+secretsPolicy+
			". Set it for an adapter that may read every Secret: without the policy, an author could have it send any password to any address.")
	egress := sections.FlagSet("egress")
	egress.BoolVar(&o.AllowLoopback, "allow-loopback", o.AllowLoopback,
		"Let Redis objects name loopback addresses. Set it for an adapter that runs beside its Redis on one machine. In a cluster it would expose the adapter's own pod.")
	egress.StringSliceVar(&o.AllowAddresses, "allow-addresses", o.AllowAddresses,
		"Networks to which the adapter may connect to sample Redis, as CIDR or CIDR:port, such as 10.0.0.0/8:6379. Repeat the flag, or separate networks by commas. "+
			"If set, every other address is refused. Always refused are link-local, multicast, broadcast and unspecified addresses, "+
			"those where cloud providers serve credentials, the API server and, unless --allow-loopback is set, loopback.")
	egress.StringSliceVar(&o.AllowUnixSockets, "allow-unix-sockets", o.AllowUnixSockets,
		"Directories in which Redis objects of all namespaces may name Unix sockets, such as /var/run/redis. Repeat the flag, or separate directories by commas. "+
			"By default all sockets are refused: on a node, a path may lead to the container runtime.")
	o.Delegate.addFlags(sections.FlagSet("delegate"))
	o.Server.AddFlags(sections)
	logsapi.AddFlags(o.Logging, sections.FlagSet("logging"))
	return sections
}

// complete fills in what depends on the machine.
func (o *Options) complete() error {
	if o.Identity != "" {
		return nil
	}
	var err error
	if o.Identity, err = os.Hostname(); err != nil {
		return fmt.Errorf("--identity is not set, and the host has no name: %w", err)
	}
	return nil
}

// allowed reads --allow-addresses.
func (o *Options) allowed() ([]egress.Range, error) {
	var ranges []egress.Range
	var errs []error
	for _, text := range o.AllowAddresses {
		one, err := egress.ParseRange(text)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("--allow-addresses: %w", err))
		case one.Loopback() && !o.AllowLoopback:
			errs = append(errs, fmt.Errorf("--allow-addresses: %q is loopback: set --allow-loopback too, or leave it out", text))
		}
		ranges = append(ranges, one)
	}
	return ranges, errors.Join(errs...)
}

func (o *Options) validate() error {
	_, err := o.allowed()
	errs := []error{o.Server.Validate(), err, o.Delegate.validate(o.Namespace + "/" + o.ServiceName)}
	for _, dir := range o.AllowUnixSockets {
		if err := egress.CheckSocketDirectory(dir); err != nil {
			errs = append(errs, fmt.Errorf("--allow-unix-sockets: %w", err))
		}
	}
	errs = append(errs, o.validateAPIService())
	if o.Namespace == "" {
		errs = append(errs, errors.New("--namespace is required outside a pod: write the namespace of the adapter's Service"))
	} else {
		errs = append(errs, invalid("--namespace", o.Namespace, "namespace", validation.IsDNS1123Label))
	}
	errs = append(errs,
		invalid("--service-name", o.ServiceName, "name of a Service", validation.IsDNS1035Label),
		invalid("--service-account-name", o.ServiceAccountName, "object name", validation.IsDNS1123Subdomain),
		invalid("--tls-secret-name", o.TLSSecretName, "object name", validation.IsDNS1123Subdomain),
		invalid("--lease-name", o.LeaseName, "object name", validation.IsDNS1123Subdomain))
	return errors.Join(errs...)
}

// invalid returns an error that says what is wrong with the value of a flag, nil if
// nothing is.
func invalid(flagName, value, kind string, problemsOf func(string) []string) error {
	problems := problemsOf(value)
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%s %q is not a valid %s: %s", flagName, value, kind, strings.Join(problems, "; "))
}

// validateAPIService returns an error for the flags that contradict --apiservice.
func (o *Options) validateAPIService() error {
	switch {
	case o.APIService == apiServiceOwn:
	case o.APIService != apiServiceKeep && o.APIService != apiServiceNone:
		return fmt.Errorf("--apiservice must be %s, %s or %s, is %q", apiServiceOwn, apiServiceKeep, apiServiceNone, o.APIService)
	case o.ExitOnForeignAPIService:
		return fmt.Errorf("--exit-on-foreign-apiservice and --apiservice=%s contradict each other: leave one of them out", o.APIService)
	case o.APIService == apiServiceKeep && o.Delegate.To == "":
		return errors.New("--apiservice=keep needs --delegate-to: the APIServices are taken from that Service alone")
	case o.APIService == apiServiceKeep && !o.Server.UsesOwnCertificate():
		return errors.New("--apiservice=keep and --tls-cert-file contradict each other: the adapter can vouch for a certificate of its own only")
	}
	return nil
}
