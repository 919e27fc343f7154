package servingcert

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes"
)

// Config says where certificates are kept.
type Config struct {
	// Client reads and writes the Secret.
	Client kubernetes.Interface
	// Registration has the Service for which certificates are made, and the APIServices
	// whose spec.caBundle is kept current.
	Registration *Registration
	// SecretName is the name of the Secret, in the namespace of the Service.
	SecretName string
}

func (c Config) validate() error {
	if c.Client == nil || c.Registration == nil {
		return errors.New("no Client or no Registration")
	}
	var errs []error
	for _, reason := range validation.IsDNS1123Subdomain(c.SecretName) {
		errs = append(errs, fmt.Errorf("SecretName %q: %s", c.SecretName, reason))
	}
	return errors.Join(errs...)
}
