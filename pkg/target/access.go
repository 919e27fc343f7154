package target

import (
	"cmp"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// Kind is the kind of an object that holds credentials.
type Kind string

// The kinds of objects that hold credentials.
const (
	Secret    Kind = "Secret"
	ConfigMap Kind = "ConfigMap"
)

// Reference names an object, in the namespace of the target, that holds credentials.
type Reference struct {
	// Field is where the target's object names it, such as spec.auth.passwordSecretRef.
	Field string
	Kind  Kind
	Name  string
	// Keys are those that are read.
	Keys []string
}

// Auth says by which user and password to authenticate.
type Auth struct {
	// Username is the ACL user, empty for the default user.
	Username string
	// Password holds the password in its one key.
	Password Reference
}

// TLS says how to speak TLS.
type TLS struct {
	// CA holds the certificates of the authorities to trust in its one key. It is
	// nil for those of the system.
	CA *Reference
	// Certificate holds the adapter's own certificate and key. It is nil for none.
	Certificate *Reference
	// ServerName is for whom the server's certificate must be, empty for the host of the address.
	ServerName string
}

// References returns all that the target names.
func (t *Target) References() []Reference {
	var all []Reference
	if t.Auth != nil {
		all = append(all, t.Auth.Password)
	}
	if t.TLS != nil && t.TLS.CA != nil {
		all = append(all, *t.TLS.CA)
	}
	if t.TLS != nil && t.TLS.Certificate != nil {
		all = append(all, *t.TLS.Certificate)
	}
	return all
}

// access takes in spec.auth and spec.tls. It fails for what the schema should have refused.
func (t *Target) access(spec *v1alpha1.RedisSpec) error {
	if auth := spec.Auth; auth != nil {
		t.Auth = &Auth{Username: auth.Username, Password: Reference{
			Field: "spec.auth.passwordSecretRef", Kind: Secret,
			Name: auth.PasswordSecretRef.Name, Keys: []string{cmp.Or(auth.PasswordSecretRef.Key, "password")},
		}}
		if strings.ContainsFunc(auth.Username, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
			return fmt.Errorf("spec.auth.username must hold no space and no control character")
		}
	}
	if tls := spec.TLS; tls != nil {
		t.TLS = &TLS{ServerName: tls.ServerName}
		switch {
		case tls.CASecretRef != nil && tls.CAConfigMapRef != nil:
			return fmt.Errorf("spec.tls must have at most one of caSecretRef and caConfigMapRef")
		case tls.CASecretRef != nil:
			t.TLS.CA = caReference("spec.tls.caSecretRef", Secret, tls.CASecretRef)
		case tls.CAConfigMapRef != nil:
			t.TLS.CA = caReference("spec.tls.caConfigMapRef", ConfigMap, tls.CAConfigMapRef)
		}
		if tls.CertificateSecretRef != nil {
			t.TLS.Certificate = &Reference{
				Field: "spec.tls.certificateSecretRef", Kind: Secret,
				Name: tls.CertificateSecretRef.Name, Keys: []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey},
			}
		}
	}
	for _, r := range t.References() {
		if err := r.check(); err != nil {
			return err
		}
	}
	return nil
}

func caReference(field string, kind Kind, r *v1alpha1.CAReference) *Reference {
	return &Reference{Field: field, Kind: kind, Name: r.Name, Keys: []string{cmp.Or(r.Key, "ca.crt")}}
}

// check makes sure that what stands in paths of requests, and in commands that
// people are told to run, is a name and nothing else.
func (r *Reference) check() error {
	if problems := validation.IsDNS1123Subdomain(r.Name); len(problems) > 0 {
		return fmt.Errorf("%s.name is no name of a %s: %s", r.Field, r.Kind, problems[0])
	}
	for _, key := range r.Keys {
		if problems := validation.IsConfigMapKey(key); len(problems) > 0 {
			return fmt.Errorf("%s.key is no key of a %s: %s", r.Field, r.Kind, problems[0])
		}
	}
	return nil
}
