package credentials

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Reasons of an Error. They can label metrics and stand in conditions.
const (
	// SecretNotFound and ConfigMapNotFound mean that there is no such object.
	SecretNotFound    = "SecretNotFound"
	ConfigMapNotFound = "ConfigMapNotFound"
	// SecretForbidden and ConfigMapForbidden mean that the adapter may not get it.
	SecretForbidden    = "SecretForbidden"
	ConfigMapForbidden = "ConfigMapForbidden"
	// SecretKeyNotFound and ConfigMapKeyNotFound mean that it lacks a key.
	SecretKeyNotFound    = "SecretKeyNotFound"
	ConfigMapKeyNotFound = "ConfigMapKeyNotFound"
	// SecretUnavailable and ConfigMapUnavailable mean that the API server has not answered yet.
	SecretUnavailable    = "SecretUnavailable"
	ConfigMapUnavailable = "ConfigMapUnavailable"
	// SecretsPolicyMissing means that nobody checks whether an author may get a Secret.
	SecretsPolicyMissing = "SecretsPolicyMissing"
	// PasswordInvalid means that what the key holds cannot be a password.
	PasswordInvalid = "PasswordInvalid"
	// CAInvalid means that what the key holds is not certificates in PEM.
	CAInvalid = "CAInvalid"
	// ClientCertificateInvalid means that tls.crt or tls.key is not what it should be.
	ClientCertificateInvalid = "ClientCertificateInvalid"
	// ClientKeyMismatch means that tls.key is not the key of tls.crt.
	ClientKeyMismatch = "ClientKeyMismatch"
	// ClientCertificateExpired means that tls.crt is not valid any more.
	ClientCertificateExpired = "ClientCertificateExpired"
)

// Error says why a target has no credentials. Its text may be shown to anybody: it names fields only.
type Error struct {
	Reason string
	text   string
	advice string
}

func (e *Error) Error() string { return e.text }

// Advice says what to do, in whole sentences. It names Secrets and ConfigMaps, and
// is for those who may read the Redis object.
func (e *Error) Advice() string { return e.advice }

// problem is why a document could not be read.
type problem int

const (
	none problem = iota
	unavailable
	notFound
	forbidden
	keyNotFound
	unguarded
)

// failure describes an object that could not be read.
func (p problem) failure(r target.Reference, namespace string) *Error {
	kind := string(r.Kind)
	switch p {
	case notFound:
		return &Error{kind + "NotFound", fmt.Sprintf("the %s that %s names does not exist", kind, r.Field),
			fmt.Sprintf("Create %s %s in namespace %s, with %s, or write another name.", kind, r.Name, namespace, keysOf(r))}
	case forbidden:
		return &Error{kind + "Forbidden", fmt.Sprintf("the adapter may not read the %s that %s names", kind, r.Field), ""}
	case unguarded:
		return &Error{SecretsPolicyMissing, fmt.Sprintf("the adapter reads no Secret, such as the one that %s names, while the API server does not check who names it", r.Field),
			"An administrator of the cluster applies the adapter's manifests again, which hold the ValidatingAdmissionPolicy; the adapter's log says what is wrong with it."}
	case keyNotFound:
		return &Error{kind + "KeyNotFound", fmt.Sprintf("the %s that %s names lacks %s", kind, r.Field, missing(r)),
			fmt.Sprintf("%s %s must have %s.", kind, r.Name, keysOf(r))}
	}
	return &Error{kind + "Unavailable", fmt.Sprintf("the %s that %s names could not be read yet", kind, r.Field),
		"This passes when the Kubernetes API server answers; if it stays, see the adapter's log."}
}

func missing(r target.Reference) string {
	if len(r.Keys) > 1 {
		return "one of its keys"
	}
	return "the key in " + r.Field + ".key"
}

func keysOf(r target.Reference) string {
	if len(r.Keys) > 1 {
		return "the keys " + strings.Join(r.Keys, " and ")
	}
	return "the key " + r.Keys[0]
}

// grant is what the owner of a namespace runs to let the adapter read an object.
// Each object has a Role of its own, so that the commands are the same for all that name it.
func grant(r target.Reference, namespace string, account types.NamespacedName) string {
	kind := strings.ToLower(string(r.Kind))
	role := account.Name + "-" + kind + "-" + r.Name
	return fmt.Sprintf("kubectl create role %[1]s -n %[2]s --verb=get --resource=%[3]ss --resource-name=%[4]s && "+
		"kubectl create rolebinding %[1]s -n %[2]s --role=%[1]s --serviceaccount=%[5]s:%[6]s",
		role, namespace, kind, r.Name, account.Namespace, account.Name)
}
