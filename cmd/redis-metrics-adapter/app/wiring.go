package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/server"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/servingcert"
)

// newEgressPolicy returns a policy that protects the API server at each address that
// this machine knows.
func newEgressPolicy(options *Options, config *rest.Config) (*egress.Policy, error) {
	allowed, err := options.allowed()
	if err != nil {
		return nil, err
	}
	url, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, fmt.Errorf("--kubeconfig: %w", err)
	}
	port := cmp.Or(url.Port(), map[string]string{"http": "80", "https": "443"}[url.Scheme])
	places := []string{net.JoinHostPort(url.Hostname(), port)}
	if host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"); host != "" && port != "" {
		places = append(places, net.JoinHostPort(host, port))
	}
	return egress.New(egress.Config{AllowLoopback: options.AllowLoopback, Allowed: allowed, SocketDirectories: options.AllowUnixSockets, APIServers: places})
}

// secretsPolicy refuses a Redis object that names a Secret which its author may not get.
const secretsPolicy = name + "-secrets"

// register reads the APIServices before anything else is done with them.
func register(ctx context.Context, options *Options, config *rest.Config, observer servingcert.Observer) (*servingcert.Registration, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	names := server.APIServices()
	if options.APIService == apiServiceNone {
		names = nil
	}
	registration := servingcert.NewRegistration(servingcert.RegistrationConfig{
		Dynamic: client, Observer: observer,
		Namespace: options.Namespace, ServiceName: options.ServiceName,
		APIServices: names,
	})
	err = registration.Look(ctx)
	if foreign := registration.Foreign(); len(foreign) > 0 {
		err = errors.Join(err, fmt.Errorf("%s: spec.service is not %s/%s, as --namespace and --service-name say: another adapter serves there; keep one of the two",
			strings.Join(foreign, ", "), options.Namespace, options.ServiceName))
	}
	switch {
	case err == nil:
	case options.ExitOnForeignAPIService:
		return nil, fmt.Errorf("--exit-on-foreign-apiservice: %w", err)
	default:
		klog.FromContext(ctx).Error(err, "The API server may not send requests here; continuing")
	}
	return registration, nil
}
