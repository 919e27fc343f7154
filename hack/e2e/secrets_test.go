package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	secretsPolicy = "redis-metrics-adapter-secrets"
	redisCRD      = "redises.redis-metrics.dev"
)

// secretReferences are the fields in which a Redis may name a Secret.
func secretReferences() []string {
	return []string{
		"auth.passwordSecretRef", "tls.caSecretRef", "tls.certificateSecretRef",
		"sentinel.auth.passwordSecretRef", "sentinel.tls.caSecretRef", "sentinel.tls.certificateSecretRef",
	}
}

// TestSecretsAreNamedByWhoMayGetThem has two people write Redis objects of one
// namespace: both may do so, and one of them may get one Secret.
func TestSecretsAreNamedByWhoMayGetThem(t *testing.T) {
	t.Parallel()
	h := ownHarness(t)
	s := newFixture(t, h)
	owner, stranger := s.person(t, "owner"), s.person(t, "stranger")
	s.kubectl(t, "create", "role", "own", "-n", s.namespace, "--verb=get", "--resource=secrets", "--resource-name=own")
	s.kubectl(t, "create", "rolebinding", "own", "-n", s.namespace, "--role=own", "--user=owner")
	// A right in another namespace is none here.
	elsewhere := newFixture(t, h)
	elsewhere.kubectl(t, "create", "role", "own", "-n", elsewhere.namespace, "--verb=get", "--resource=secrets")
	elsewhere.kubectl(t, "create", "rolebinding", "own", "-n", elsewhere.namespace, "--role=own", "--user=stranger")

	for _, field := range secretReferences() {
		t.Run(field, func(t *testing.T) { s.nameSecret(t, field, owner, stranger) })
	}
	t.Run("without a Secret", func(t *testing.T) {
		if err := stranger.create(t, "plain", "", ""); err != nil {
			t.Errorf("refused: %v", err)
		}
		stranger.mustPatch(t, "plain", s.moved("", "stranger"))
	})
	t.Run("without the policy", func(t *testing.T) {
		s.kubectl(t, "delete", "validatingadmissionpolicybinding", secretsPolicy)
		eventually(t, 30*time.Second, func(context.Context) error { return stranger.create(t, "unguarded", "auth.passwordSecretRef", "own") })
	})
}

func (s *fixture) nameSecret(t *testing.T, field string, owner, stranger person) {
	name := strings.ToLower(strings.ReplaceAll(field, ".", "-"))
	refused := func(who, secret string, err error) {
		t.Helper()
		for _, want := range []string{"spec." + field + ".name is the Secret " + secret, "which you may not get. Name one that you may get, or"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s naming the Secret %s: %v, want %q", who, secret, err, want)
			}
		}
	}
	refused("the stranger", "own", stranger.create(t, name, field, "own"))
	refused("the owner", "another", owner.create(t, name, field, "another"))
	if err := owner.create(t, name, field, "own"); err != nil {
		t.Fatalf("the owner is refused: %v", err)
	}
	refused("the stranger, of an address", "own", stranger.patch(t, name, s.moved(field, "stranger")))
	refused("the owner", "another", owner.patch(t, name, reference(field, "another")))
	owner.mustPatch(t, name, s.moved(field, "other"))
	stranger.mustPatch(t, name, `{"metadata":{"labels":{"seen":"yes"}}}`)
	// The adapter, which may get no Secret, writes status.
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		out, err := s.redisField(ctx, name, `{.status.conditions[?(@.type=="Ready")].observedGeneration}`)
		if err == nil && out == "" {
			err = fmt.Errorf("status of %s is not written", name)
		}
		return err
	})
	stranger.mustPatch(t, name, nested(strings.Split("spec."+field, ".")[:strings.Count(field, ".")+1], "null"))
}

// TestSecretIsGrantedByWhoHoldsIt applies the sample as people of the namespace.
func TestSecretIsGrantedByWhoHoldsIt(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	sample := filepath.Join(repository(t), "deploy", "samples-secret")
	t.Cleanup(func() {
		_, _ = s.Kubectl(context.WithoutCancel(t.Context()), "delete", "-k", sample, "--ignore-not-found")
	})
	s.kubectl(t, "create", "role", s.namespace, "-n", "default", "--verb=create,get,patch", "--resource=roles,rolebindings")
	s.kubectl(t, "create", "rolebinding", s.namespace, "-n", "default", "--role="+s.namespace, "--user=clerk")
	s.kubectl(t, "create", "rolebinding", s.namespace+"-owner", "-n", "default", "--clusterrole=admin", "--user=admin-of-default")
	apply := func(user string) error {
		kubeconfig := s.kubeconfigFor(t, user)
		_, err := s.Kubectl(t.Context(), "--kubeconfig="+kubeconfig, "apply", "-k", sample)
		return err
	}
	if err := apply("clerk"); err == nil || !strings.Contains(err.Error(), "attempting to grant RBAC permissions not currently held") {
		t.Errorf("who may not get the Secret grants it: %v", err)
	}
	eventually(t, 15*time.Second, func(context.Context) error { return apply("admin-of-default") })
	s.answersRights(t, adapterAccount, map[string]bool{
		"get secrets/my-redis-auth -n default":        true,
		"get secrets/my-redis-client -n default":      true,
		"get configmaps/my-redis-ca -n default":       true,
		"get configmaps/another -n default":           false,
		"get secrets/another -n default":              false,
		"list secrets -n default":                     false,
		"get secrets/my-redis-auth -n " + s.namespace: false,
	})
}

// person writes Redis objects in a fixture with rights of their own.
type person struct {
	*fixture
	kubeconfig string
}

func (s *fixture) person(t *testing.T, name string) person {
	t.Helper()
	kubeconfig := s.kubeconfigFor(t, name)
	s.kubectl(t, "create", "role", name, "-n", s.namespace, "--verb=create,get,update,patch", "--resource="+redisCRD)
	s.kubectl(t, "create", "rolebinding", name, "-n", s.namespace, "--role="+name, "--user="+name)
	p := person{s, kubeconfig}
	p.awaitRights(t)
	return p
}

// awaitRights waits until every API server lets a person make a Redis.
func (p person) awaitRights(t *testing.T) {
	t.Helper()
	p.eventuallyEverywhere(t, 15*time.Second, func(_ context.Context, server string) error {
		return p.createOf(t, "awaited", map[string]any{"address": p.service("redis", 6379)}, "--dry-run=server", server)
	})
}

// create makes a Redis that names a Secret in a field, none if it is empty.
func (p person) create(t *testing.T, name, field, secret string) error {
	t.Helper()
	spec := map[string]any{"address": p.service("redis", 6379)}
	if strings.HasPrefix(field, "sentinel.") {
		spec = map[string]any{"sentinel": map[string]any{"masterName": "mymaster", "addresses": []any{p.service("redis", 26379)}}}
	}
	if field != "" {
		if err := unstructured.SetNestedField(spec, secret, append(strings.Split(field, "."), "name")...); err != nil {
			t.Fatal(err)
		}
	}
	return p.createOf(t, name, spec)
}

// createOf makes a Redis.
func (p person) createOf(t *testing.T, name string, spec map[string]any, flags ...string) error {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"apiVersion": "redis-metrics.dev/v1alpha1", "kind": "Redis",
		"metadata": map[string]any{"name": name, "namespace": p.namespace}, "spec": spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--kubeconfig=" + p.kubeconfig, "create", "-f", "-"}, flags...)
	_, err = p.KubectlInput(t.Context(), strings.NewReader(string(text)), args...)
	return err
}

func (p person) patch(t *testing.T, name, patch string) error {
	t.Helper()
	_, err := p.Kubectl(t.Context(), "--kubeconfig="+p.kubeconfig, "patch", "redis", name, "-n", p.namespace, "--type=merge", "-p", patch)
	return err
}

func (p person) mustPatch(t *testing.T, name, patch string) {
	t.Helper()
	if err := p.patch(t, name, patch); err != nil {
		t.Errorf("refused: %v", err)
	}
}

// reference is a patch that names a Secret in one field.
func reference(field, secret string) string {
	return nested(strings.Split("spec."+field+".name", "."), strconv.Quote(secret))
}

// moved is a patch that sends the adapter to another Service, as an object that has a field says where Redis is.
func (s *fixture) moved(field, service string) string {
	if strings.HasPrefix(field, "sentinel.") {
		return nested([]string{"spec", "sentinel", "addresses"}, fmt.Sprintf("[%q]", s.service(service, 26379)))
	}
	return nested([]string{"spec", "address"}, strconv.Quote(s.service(service, 6379)))
}

// service is the address of a Service in the fixture's namespace, which need not exist.
func (s *fixture) service(name string, port int) string {
	return fmt.Sprintf("%s.%s.svc:%d", name, s.namespace, port)
}

// nested is a value at a path, as JSON.
func nested(path []string, value string) string {
	for n := len(path) - 1; n >= 0; n-- {
		value = fmt.Sprintf("{%q:%s}", path[n], value)
	}
	return value
}
