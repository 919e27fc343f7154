package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
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
	h := ownHouse(t)
	letSchemaNameSecrets(t, h)
	s := newScene(t, h)
	owner, stranger := s.person(t, "owner"), s.person(t, "stranger")
	s.kubectl(t, "create", "role", "own", "-n", s.namespace, "--verb=get", "--resource=secrets", "--resource-name=own")
	s.kubectl(t, "create", "rolebinding", "own", "-n", s.namespace, "--role=own", "--user=owner")
	// A right in another namespace is none here.
	elsewhere := newScene(t, h)
	elsewhere.kubectl(t, "create", "role", "own", "-n", elsewhere.namespace, "--verb=get", "--resource=secrets")
	elsewhere.kubectl(t, "create", "rolebinding", "own", "-n", elsewhere.namespace, "--role=own", "--user=stranger")

	for _, field := range secretReferences() {
		t.Run(field, func(t *testing.T) { s.nameSecret(t, field, owner, stranger) })
	}
	t.Run("without a Secret", func(t *testing.T) {
		if err := stranger.create(t, "plain", "", ""); err != nil {
			t.Errorf("refused: %v", err)
		}
		stranger.mustPatch(t, "plain", `{"spec":{"address":"redis.example:6380"}}`)
	})
	t.Run("without the policy", func(t *testing.T) {
		s.kubectl(t, "delete", "validatingadmissionpolicybinding", secretsPolicy)
		eventually(t, 30*time.Second, func(context.Context) error { return stranger.create(t, "unguarded", "auth.passwordSecretRef", "own") })
	})
}

func (s *scene) nameSecret(t *testing.T, field string, owner, stranger person) {
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
	refused("the stranger, of an address", "own", stranger.patch(t, name, `{"spec":{"address":"stranger.example:6379"}}`))
	refused("the owner", "another", owner.patch(t, name, reference(field, "another")))
	owner.mustPatch(t, name, `{"spec":{"address":"redis.example:6380"}}`)
	stranger.mustPatch(t, name, `{"metadata":{"labels":{"seen":"yes"}}}`)
	// The adapter, which may get no Secret, writes status.
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		out, err := s.Kubectl(ctx, "get", "redis", name, "-n", s.namespace, "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].observedGeneration}`)
		if err == nil && out == "" {
			err = fmt.Errorf("status of %s is not written", name)
		}
		return err
	})
	stranger.mustPatch(t, name, fmt.Sprintf(`{"spec":{%q:null}}`, strings.Split(field, ".")[0]))
}

// TestSecretIsGrantedByWhoHoldsIt applies the sample as people of the namespace.
func TestSecretIsGrantedByWhoHoldsIt(t *testing.T) {
	t.Parallel()
	s := newScene(t, shared)
	sample := filepath.Join(repository(t), "deploy", "samples-secret")
	t.Cleanup(func() {
		_, _ = s.Kubectl(context.WithoutCancel(t.Context()), "delete", "-k", sample, "--ignore-not-found")
	})
	s.kubectl(t, "create", "role", s.namespace, "-n", "default", "--verb=create,get,patch", "--resource=roles,rolebindings")
	s.kubectl(t, "create", "rolebinding", s.namespace, "-n", "default", "--role="+s.namespace, "--user=clerk")
	s.kubectl(t, "create", "rolebinding", s.namespace+"-owner", "-n", "default", "--clusterrole=admin", "--user=admin-of-default")
	apply := func(user string) error {
		kubeconfig, err := s.KubeconfigForUser(user)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Kubectl(t.Context(), "--kubeconfig="+kubeconfig, "apply", "-k", sample)
		return err
	}
	if err := apply("clerk"); err == nil || !strings.Contains(err.Error(), "attempting to grant RBAC permissions not currently held") {
		t.Errorf("who may not get the Secret grants it: %v", err)
	}
	eventually(t, 15*time.Second, func(context.Context) error { return apply("admin-of-default") })
	for question, want := range map[string]string{
		"get secrets/my-redis-auth -n default":        "yes",
		"get secrets/another -n default":              "no",
		"list secrets -n default":                     "no",
		"get secrets/my-redis-auth -n " + s.namespace: "no",
	} {
		out, _ := s.Kubectl(t.Context(), append([]string{"auth", "can-i", "--as=" + adapterAccount}, strings.Fields(question)...)...)
		if strings.TrimSpace(out) != want {
			t.Errorf("can the adapter %s: %q, want %s", question, out, want)
		}
	}
}

// person writes Redis objects in a scene with rights of their own.
type person struct {
	*scene
	kubeconfig string
}

func (s *scene) person(t *testing.T, name string) person {
	t.Helper()
	kubeconfig, err := s.KubeconfigForUser(name)
	if err != nil {
		t.Fatal(err)
	}
	s.kubectl(t, "create", "role", name, "-n", s.namespace, "--verb=create,get,update,patch", "--resource="+redisCRD)
	s.kubectl(t, "create", "rolebinding", name, "-n", s.namespace, "--role="+name, "--user="+name)
	return person{s, kubeconfig}
}

// create makes a Redis that names a Secret in a field, none if it is empty.
func (p person) create(t *testing.T, name, field, secret string) error {
	t.Helper()
	object := map[string]any{}
	if field != "" {
		if err := json.Unmarshal([]byte(reference(field, secret)), &object); err != nil {
			t.Fatal(err)
		}
	}
	spec, _ := object["spec"].(map[string]any)
	if spec == nil {
		spec = map[string]any{}
	}
	spec["address"] = "redis.example:6379"
	text, err := json.Marshal(map[string]any{
		"apiVersion": "redis-metrics.dev/v1alpha1", "kind": "Redis",
		"metadata": map[string]any{"name": name, "namespace": p.namespace}, "spec": spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.KubectlInput(t.Context(), strings.NewReader(string(text)), "--kubeconfig="+p.kubeconfig, "create", "--validate=false", "-f", "-")
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

// reference is an object that names a Secret in one field, as JSON.
func reference(field, secret string) string {
	path := strings.Split("spec."+field+".name", ".")
	text := fmt.Sprintf("%q", secret)
	for n := len(path) - 1; n >= 0; n-- {
		text = fmt.Sprintf("{%q:%s}", path[n], text)
	}
	return text
}

// letSchemaNameSecrets opens the fields of which the policy speaks, whatever the schema asks of them.
func letSchemaNameSecrets(t *testing.T, h house) {
	t.Helper()
	s := scene{house: h, namespace: cluster.AdapterName}
	const properties = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/"
	var patches []string
	for _, field := range []string{"auth", "tls", "sentinel"} {
		patches = append(patches, fmt.Sprintf(
			`{"op":"add","path":%q,"value":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}`, properties+field))
	}
	s.kubectl(t, "patch", "crd", redisCRD, "--type=json", "-p", "["+strings.Join(patches, ",")+"]")
	for _, field := range secretReferences() {
		object := fmt.Sprintf(`{"apiVersion":"redis-metrics.dev/v1alpha1","kind":"Redis","metadata":{"name":"probe","namespace":%q},%s`,
			s.namespace, strings.TrimPrefix(strings.Replace(reference(field, "any"), `"spec":{`, `"spec":{"address":"redis.example:6379",`, 1), "{"))
		eventually(t, 30*time.Second, func(ctx context.Context) error {
			_, err := s.KubectlInput(ctx, strings.NewReader(object), "create", "--dry-run=server", "--validate=strict", "-f", "-")
			return err
		})
	}
}
