package deploy

import (
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// TestSampleSecretIsGrantedAlone compares the Role with the Redis object beside it.
func TestSampleSecretIsGrantedAlone(t *testing.T) {
	const dir = "samples-secret"
	redis, role, binding := only[*v1alpha1.Redis](t, dir), only[*rbacv1.Role](t, dir), only[*rbacv1.RoleBinding](t, dir)
	checkRules(t, "Role", role.Rules, []rbacv1.PolicyRule{
		{
			APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"},
			ResourceNames: []string{redis.Spec.Auth.PasswordSecretRef.Name, redis.Spec.TLS.CertificateSecretRef.Name},
		},
		{
			APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get"},
			ResourceNames: []string{redis.Spec.TLS.CAConfigMapRef.Name},
		},
	})
	bindsTheAdapter(t, binding.RoleRef, binding.Subjects, role.Name)
	if role.Namespace != binding.Namespace || role.Namespace != redis.Namespace || role.Namespace == name {
		t.Errorf("the Redis is in namespace %s, the Role in %s, its binding in %s", redis.Namespace, role.Namespace, binding.Namespace)
	}
}

func TestSampleTopologies(t *testing.T) {
	found := all[*v1alpha1.Redis](t, "samples-topologies")
	sentinel, cluster := found["my-sentinel"], found["my-cluster"]
	if len(found) != 2 || sentinel == nil || cluster == nil || sentinel.Spec.Sentinel == nil || cluster.Spec.Cluster == nil {
		t.Fatalf("found %v, want a sample of Sentinel and one of Cluster", found)
	}
	for _, address := range sentinel.Spec.Sentinel.Addresses {
		if !strings.HasSuffix(address, ":26379") {
			t.Errorf("%s is not the port of a sentinel", address)
		}
	}
	for _, redis := range found {
		if redis.Namespace != metav1.NamespaceDefault || redis.Spec.Address != "" {
			t.Errorf("%s stands in namespace %q and has the address %q", redis.Name, redis.Namespace, redis.Spec.Address)
		}
	}
}
