package credentials

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// problem is why an object could not be read.
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
func (p problem) failure(r target.Reference, namespace string) *reason.Error {
	kind := string(r.Kind)
	keys, lacks := "the key "+r.Keys[0], "the key in "+r.Field+".key"
	if len(r.Keys) > 1 {
		keys, lacks = "the keys "+strings.Join(r.Keys, " and "), "one of its keys"
	}
	switch p {
	case notFound:
		return reason.Explained(reason.Reason(kind+"NotFound"), fmt.Sprintf("the %s that %s names does not exist", kind, r.Field),
			fmt.Sprintf("Create %s %s in namespace %s, with %s, or write another name.", kind, r.Name, namespace, keys))
	case forbidden:
		return reason.Explained(reason.Reason(kind+"Forbidden"), fmt.Sprintf("the adapter may not read the %s that %s names", kind, r.Field), "")
	case unguarded:
		return reason.Explained(reason.SecretsPolicyMissing, fmt.Sprintf("the adapter reads no Secret, such as the one that %s names, while the API server does not check who names it", r.Field),
			"An administrator of the cluster applies the adapter's manifests again, which hold the ValidatingAdmissionPolicy; the adapter's log says what is wrong with it.")
	case keyNotFound:
		return reason.Explained(reason.Reason(kind+"KeyNotFound"), fmt.Sprintf("the %s that %s names lacks %s", kind, r.Field, lacks),
			fmt.Sprintf("%s %s must have %s.", kind, r.Name, keys))
	}
	return reason.Explained(reason.Reason(kind+"Unavailable"), fmt.Sprintf("the %s that %s names could not be read yet", kind, r.Field),
		"This passes when the Kubernetes API server answers; if it stays, see the adapter's log.")
}

// grant returns the commands with which the owner of a namespace lets the adapter read an
// object. Each object has a separate Role, so the commands are the same for all that name
// it.
func grant(r target.Reference, namespace string, account types.NamespacedName) string {
	kind := strings.ToLower(string(r.Kind))
	role := account.Name + "-" + kind + "-" + r.Name
	return fmt.Sprintf("kubectl create role %[1]s -n %[2]s --verb=get --resource=%[3]ss --resource-name=%[4]s && "+
		"kubectl create rolebinding %[1]s -n %[2]s --role=%[1]s --serviceaccount=%[5]s:%[6]s",
		role, namespace, kind, r.Name, account.Namespace, account.Name)
}
