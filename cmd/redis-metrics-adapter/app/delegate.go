package app

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes"
	"k8s.io/component-base/metrics/legacyregistry"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/delegate"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/server"
)

// delegateOptions say who answers for metrics that are not of Redis.
type delegateOptions struct {
	// To is NAMESPACE/SERVICE[:PORT], empty for nobody.
	To string
	// CAFile holds the certificates by which the delegate's certificate is verified.
	CAFile string
	// ServerName is the name in its certificate, empty for that of the Service.
	ServerName string
	// ServiceAccount is the account that the delegate sees, in the adapter's namespace.
	ServiceAccount string
}

func (o *delegateOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.To, "delegate-to", o.To,
		"Service of another adapter, as NAMESPACE/SERVICE or NAMESPACE/SERVICE:PORT. The default port is 443. The adapter authorizes requests for metrics of all resources except "+
			"redises.redis-metrics.dev, and forwards them to this Service. If empty, it refuses them.")
	flags.StringVar(&o.CAFile, "delegate-ca-file", o.CAFile,
		"PEM file with the CA certificates that verify the certificate of --delegate-to. Required with --delegate-to. The adapter reads it again when it changes.")
	flags.StringVar(&o.ServerName, "delegate-server-name", o.ServerName,
		"Name in the certificate of --delegate-to. Defaults to SERVICE.NAMESPACE.svc.")
	flags.StringVar(&o.ServiceAccount, "delegate-service-account", o.ServiceAccount,
		"ServiceAccount, in the adapter's namespace, that the adapter uses for requests to --delegate-to. It needs get on custom.metrics.k8s.io and nothing else. "+
			"The adapter needs the right to create tokens for it.")
}

// place returns --delegate-to without the port.
func (o *delegateOptions) place() string {
	place, _, _ := strings.Cut(o.To, ":")
	return place
}

// service reads --delegate-to.
func (o *delegateOptions) service() (namespace, name string, port int, err error) {
	place, portText, hasPort := strings.Cut(o.To, ":")
	namespace, name, found := strings.Cut(place, "/")
	port = 443
	if hasPort {
		port, err = strconv.Atoi(portText)
	}
	wrong := validation.IsDNS1123Label(namespace)
	wrong = append(wrong, validation.IsDNS1123Label(name)...)
	if !found || len(wrong) > 0 || err != nil || len(validation.IsValidPortNum(port)) > 0 {
		return "", "", 0, fmt.Errorf("--delegate-to: %q is not a Service: write NAMESPACE/SERVICE or NAMESPACE/SERVICE:PORT, such as monitoring/prometheus-adapter:443", o.To)
	}
	return namespace, name, port, nil
}

// validate returns an error that names each flag with an invalid value. own is the
// adapter's Service.
func (o *delegateOptions) validate(own string) error {
	if o.To == "" {
		if cmp.Or(o.CAFile, o.ServerName) != "" {
			return errors.New("--delegate-ca-file and --delegate-server-name need --delegate-to: set it too, or neither of them")
		}
		return nil
	}
	namespace, name, _, err := o.service()
	errs := []error{err}
	if err == nil && namespace+"/"+name == own {
		errs = append(errs, fmt.Errorf("--delegate-to: %s is the adapter's own Service: write that of the other adapter", own))
	}
	if o.CAFile == "" {
		errs = append(errs, errors.New("--delegate-to needs --delegate-ca-file: write the file with the authority of its certificate"))
	}
	if o.ServerName != "" {
		errs = append(errs, invalid("--delegate-server-name", o.ServerName, "host name", validation.IsDNS1123Subdomain))
	}
	return errors.Join(append(errs, invalid("--delegate-service-account", o.ServiceAccount, "object name", validation.IsDNS1123Subdomain))...)
}

// newDelegate returns the other adapter, nil if there is none.
func newDelegate(options *Options, kube kubernetes.Interface) (*delegate.Backend, error) {
	o := options.Delegate
	if o.To == "" {
		return nil, nil
	}
	namespace, name, port, err := o.service()
	if err != nil {
		return nil, err
	}
	backend, err := delegate.New(delegate.Config{
		Namespace: namespace, Service: name, Port: port, CAFile: o.CAFile, ServerName: o.ServerName,
		ServiceAccount: o.ServiceAccount, Tokens: kube.CoreV1().ServiceAccounts(options.Namespace),
		Owns: server.Owns, Preferred: options.Server.FromAutoscaler, Observer: server.NewDelegateMetrics(legacyregistry.MustRegister),
	})
	if err != nil {
		return nil, fmt.Errorf("--delegate-ca-file: %w", err)
	}
	return backend, nil
}
