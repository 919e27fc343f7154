package servingcert

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes"
)

// Config says for which Service certificates are made, and where they are kept.
type Config struct {
	// Client reads and writes the Secret.
	Client kubernetes.Interface
	// Registration has the APIServices whose spec.caBundle is kept current.
	Registration *Registration

	// Namespace holds both the Service and the Secret.
	Namespace   string
	ServiceName string
	SecretName  string

	// CAValidity is the life of an authority: 10 years if zero.
	CAValidity time.Duration
	// ServingValidity is the life of a serving certificate: one year if zero. It must be shorter than CAValidity.
	ServingValidity time.Duration
}

func (c Config) withDefaults() Config {
	if c.CAValidity == 0 {
		c.CAValidity = defaultCAValidity
	}
	if c.ServingValidity == 0 {
		c.ServingValidity = defaultServingValidity
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if c.Client == nil || c.Registration == nil {
		errs = append(errs, errors.New("no Client or no Registration"))
	}
	for _, reason := range validation.IsDNS1123Label(c.Namespace) {
		errs = append(errs, fmt.Errorf("namespace %q: %s", c.Namespace, reason))
	}
	for _, reason := range validation.IsDNS1035Label(c.ServiceName) {
		errs = append(errs, fmt.Errorf("ServiceName %q: %s", c.ServiceName, reason))
	}
	for _, reason := range validation.IsDNS1123Subdomain(c.SecretName) {
		errs = append(errs, fmt.Errorf("SecretName %q: %s", c.SecretName, reason))
	}
	if c.ServingValidity < minValidity || c.CAValidity <= c.ServingValidity {
		errs = append(errs, fmt.Errorf("ServingValidity %v must be at least %v and shorter than CAValidity %v",
			c.ServingValidity, minValidity, c.CAValidity))
	}
	return errors.Join(errs...)
}

// dnsNames are the names under which the Service can be called; the aggregator verifies the first.
func (c Config) dnsNames() []string {
	service := c.ServiceName + "." + c.Namespace
	return []string{service + ".svc", service + ".svc.cluster.local", service, c.ServiceName}
}
