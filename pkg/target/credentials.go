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
	// Keys are the keys that are read.
	Keys []string
}

// Auth is the user and password with which to authenticate.
type Auth struct {
	// Username is the ACL user, empty for the default user.
	Username string
	// Password holds the password in its one key.
	Password Reference
}

// TLS says how to use TLS.
type TLS struct {
	// CA holds the certificates of the trusted authorities in its one key. nil means
	// those of the system.
	CA *Reference
	// Certificate holds the adapter's own certificate and key, nil if it has none.
	Certificate *Reference
	// ServerName is the name for which the server's certificate must be valid, empty for the host
	// of the address.
	ServerName string
}

// Access is how the adapter authenticates and encrypts.
type Access struct {
	// Auth is the user and password, nil if the adapter does not authenticate.
	Auth *Auth
	// TLS says how to use TLS, nil if it is not used.
	TLS *TLS
}

// Party is the servers of a target, or its sentinels, which have a separate Access.
type Party int

// The parties.
const (
	Servers Party = iota
	Sentinels
)

// Of returns the Access of a party.
func (t *Target) Of(party Party) Access {
	switch {
	case party == Servers:
		return t.Access
	case t.Sentinel != nil:
		return t.Sentinel.Access
	}
	return Access{}
}

// References returns all references of an Access.
func (a Access) References() []Reference {
	var all []Reference
	if a.Auth != nil {
		all = append(all, a.Auth.Password)
	}
	if a.TLS != nil && a.TLS.CA != nil {
		all = append(all, *a.TLS.CA)
	}
	if a.TLS != nil && a.TLS.Certificate != nil {
		all = append(all, *a.TLS.Certificate)
	}
	return all
}

// Named reports whether the object names credentials or TLS for any party.
func (t *Target) Named() bool {
	return t.Of(Servers) != Access{} || t.Of(Sentinels) != Access{}
}

// allow sets the Access of the servers and of the sentinels.
func (t *Target) allow(spec *v1alpha1.RedisSpec) (err error) {
	if t.Access, err = accessOf("spec", spec.Auth, spec.TLS); err != nil {
		return err
	}
	if t.Sentinel != nil {
		t.Sentinel.Access, err = accessOf("spec.sentinel", spec.Sentinel.Auth, spec.Sentinel.TLS)
	}
	return err
}

// accessOf reads auth and tls at a path of the spec. It fails for what the schema should have refused.
func accessOf(at string, auth *v1alpha1.Auth, tls *v1alpha1.TLS) (Access, error) {
	var a Access
	if auth != nil {
		a.Auth = &Auth{Username: auth.Username, Password: Reference{
			Field: at + ".auth.passwordSecretRef", Kind: Secret,
			Name: auth.PasswordSecretRef.Name, Keys: []string{cmp.Or(auth.PasswordSecretRef.Key, "password")},
		}}
		if strings.ContainsFunc(auth.Username, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
			return a, fmt.Errorf("%s.auth.username must hold no space and no control character", at)
		}
	}
	if tls != nil {
		a.TLS = &TLS{ServerName: tls.ServerName}
		switch {
		case tls.CASecretRef != nil && tls.CAConfigMapRef != nil:
			return a, fmt.Errorf("%s.tls must have at most one of caSecretRef and caConfigMapRef", at)
		case tls.CASecretRef != nil:
			a.TLS.CA = caReference(at+".tls.caSecretRef", Secret, tls.CASecretRef)
		case tls.CAConfigMapRef != nil:
			a.TLS.CA = caReference(at+".tls.caConfigMapRef", ConfigMap, tls.CAConfigMapRef)
		}
		if tls.CertificateSecretRef != nil {
			a.TLS.Certificate = &Reference{
				Field: at + ".tls.certificateSecretRef", Kind: Secret,
				Name: tls.CertificateSecretRef.Name, Keys: []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey},
			}
		}
	}
	for _, r := range a.References() {
		if err := r.check(); err != nil {
			return a, err
		}
	}
	return a, nil
}

func caReference(field string, kind Kind, r *v1alpha1.CAReference) *Reference {
	return &Reference{Field: field, Kind: kind, Name: r.Name, Keys: []string{cmp.Or(r.Key, "ca.crt")}}
}

// check makes sure that texts that become part of request paths, and of commands that
// people are advised to run, are names.
func (r *Reference) check() error {
	if problems := validation.IsDNS1123Subdomain(r.Name); len(problems) > 0 {
		return fmt.Errorf("%s.name is not a valid name of a %s: %s", r.Field, r.Kind, problems[0])
	}
	for _, key := range r.Keys {
		if problems := validation.IsConfigMapKey(key); len(problems) > 0 {
			return fmt.Errorf("%s.key is not a valid key of a %s: %s", r.Field, r.Kind, problems[0])
		}
	}
	return nil
}
