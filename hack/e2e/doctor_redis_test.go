package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestTroubleOfARate reads why there is no rate of a new object, and none after a restart.
func TestTroubleOfARate(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	server := redistest.New(t)
	said := func(text string) {
		want := quoted(t, text)
		eventually(t, 2*interval, func(ctx context.Context) error {
			if _, err := s.requests(ctx, "cart"); err != nil {
				return want.in(err.Error())
			}
			return errors.New("a rate is served")
		})
	}
	s.redis(t, "cart", server.Addr, nil)
	said("is unknown: a rate needs two samples within the window")
	s.diagnosed(t, "WarmingUp", "redis/cart")
	awaitRequests(t, s, "cart")
	server.Restart()
	said("is unknown: the server restarted, its role changed, ...")
	s.mend(t, s.diagnosed(t, "WarmingUp", "redis/cart")) // it waits
	s.healthy(t, "redis/cart")
}

// doctorOfAFallback has a metric become unknown while the others are known, so that nothing else is named first.
func doctorOfAFallback(t *testing.T) {
	s := newFixture(t, shared)
	server := redistest.New(t)
	server.Do("config", "set", "maxmemory", "1gb")
	for name, fallback := range map[string]map[string]any{
		"stated": {"name": "memory-utilization", "type": "Value", "value": "0.5"},
		"last":   {"name": "memory-utilization", "type": "LastValue", "for": "2s"},
	} {
		s.redisOf(t, name, map[string]any{"address": server.Addr, "fallback": map[string]any{"type": "Error", "metrics": []any{fallback}}}, nil)
		eventually(t, 15*time.Second, func(ctx context.Context) error {
			_, err := s.ask(ctx, name, "memory-utilization")
			return err
		})
	}
	s.autoscaler(t, "app", "redis-metrics.dev/v1alpha1", "last", "memory-utilization")
	s.healthy(t, "hpa/app")
	server.Do("config", "set", "maxmemory", "0")
	s.awaitSaid(t, time.Minute, "app", "its fallback LastValue has ended")
	s.diagnosed(t, "FallbackInUse", "redis/stated")
	s.diagnosed(t, "FallbackEnded", "redis/last")
	server.Do("config", "set", "maxmemory", "1gb")
	s.healthy(t, "redis/stated")
	s.healthy(t, "hpa/app")
}

// TestTroubleOfRights asks as people who lack a right.
func TestTroubleOfRights(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	nobody := s.kubeconfigFor(t, "nobody")
	if _, err := s.Kubectl(t.Context(), "--kubeconfig="+nobody, "get", "--raw", s.path("v1beta2", "cart", "requests-per-second")); err == nil {
		t.Error("who has no right is answered")
	} else if err := quoted(t, `cannot get resource "redises.redis-metrics.dev/requests-per-second" in API group "custom.metrics.k8s.io"`).in(err.Error()); err != nil {
		t.Error(err)
	}
	if d, err := s.doctorAs(t.Context(), nobody, "redis/cart"); err != nil || d.code != 1 {
		t.Errorf("to who has no right doctor says %v, exit code %d, %+v", err, d.code, d.Checks)
	} else if err := d.names("Forbidden"); err != nil {
		t.Error(err)
	}
	s.auditor(t)
	stranger := s.person(t, "stranger")
	for policy, spec := range map[string]map[string]any{
		"secrets":   {"address": s.service("redis", 6379), "auth": map[string]any{"passwordSecretRef": map[string]any{"name": "own"}}},
		"addresses": {"address": "redis:6379"},
		"scripts": {
			"address": s.service("redis", 6379),
			"metrics": []any{map[string]any{"name": "one", "script": map[string]any{"source": "return 1"}}},
		},
	} {
		refused := quoted(t, "ValidatingAdmissionPolicy 'redis-metrics-adapter-"+policy+"' ... denied request")
		if err := stranger.createOf(t, "cart", spec); err == nil {
			t.Errorf("who lacks the right that %s asks for is not refused", policy)
		} else if err := refused.in(err.Error()); err != nil {
			t.Error(err)
		}
	}
}

// auditor is somebody who may read all but metrics, until the command of doctor lets them.
func (s *fixture) auditor(t *testing.T) {
	t.Helper()
	s.redis(t, "cart", redistest.New(t).Addr, nil)
	awaitRequests(t, s, "cart")
	user := "auditor-" + s.namespace
	const role = `{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": %q}, "rules": [
		{"apiGroups": ["", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "autoscaling", "coordination.k8s.io",
			"policy", "rbac.authorization.k8s.io", "redis-metrics.dev"], "resources": ["*"], "verbs": ["get", "list"]},
		{"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]}]}`
	s.kubectlInput(t, fmt.Sprintf(role, user), "create", "-f", "-")
	t.Cleanup(func() {
		_, _ = s.Kubectl(context.WithoutCancel(t.Context()), "delete", "clusterrole,clusterrolebinding", user)
	})
	s.kubectl(t, "create", "clusterrolebinding", user, "--clusterrole="+user, "--user="+user)
	kubeconfig := s.kubeconfigFor(t, user)
	auditor := *s
	auditor.reader = kubeconfig
	s.mend(t, auditor.diagnosed(t, "MetricsForbidden", "redis/cart"))
	auditor.healthy(t, "redis/cart")
}

// TestTroubleOfCredentials has objects name what is not there, or not what it should be.
func TestTroubleOfCredentials(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	s.kubectl(t, "create", "role", "adapter", "-n", s.namespace, "--verb=get", "--resource=secrets")
	s.kubectl(t, "create", "rolebinding", "adapter", "-n", s.namespace, "--role=adapter", "--serviceaccount=redis-metrics-adapter:redis-metrics-adapter")
	s.kubectl(t, "create", "role", "more", "-n", s.namespace, "--verb=get", "--resource=configmaps", "--resource-name=none", "--resource-name=keyless")
	s.kubectl(t, "create", "rolebinding", "more", "-n", s.namespace, "--role=more", "--serviceaccount=redis-metrics-adapter:redis-metrics-adapter")
	s.kubectl(t, "create", "configmap", "keyless", "-n", s.namespace)
	authority := redistest.NewAuthority(t)
	certificate, key := authority.Issue(time.Now().Add(time.Hour))
	expired, expiredKey := authority.Issue(time.Now().Add(-time.Hour))
	_, otherKey := authority.Issue(time.Now().Add(time.Hour))
	password := func(secret string) map[string]any {
		return map[string]any{"auth": map[string]any{"passwordSecretRef": map[string]any{"name": secret}}}
	}
	tls := func(field, name string) map[string]any {
		return map[string]any{"tls": map[string]any{field: map[string]any{"name": name}}}
	}
	for _, test := range []struct {
		reason string
		spec   map[string]any
		secret map[string]string // its keys; no Secret without them
	}{
		{"ConfigMapForbidden", tls("caConfigMapRef", "any"), nil},
		{"ConfigMapNotFound", tls("caConfigMapRef", "none"), nil},
		{"ConfigMapKeyNotFound", tls("caConfigMapRef", "keyless"), nil},
		{"SecretNotFound", password("none"), nil},
		{"SecretKeyNotFound", password("keyless"), map[string]string{"other": "x"}},
		{"PasswordInvalid", password("newline"), map[string]string{"password": "x\n"}},
		{"CAInvalid", tls("caSecretRef", "no-authority"), map[string]string{"ca.crt": "x"}},
		{"ClientCertificateInvalid", tls("certificateSecretRef", "no-certificate"), map[string]string{"tls.crt": "x", "tls.key": string(key)}},
		{"ClientKeyMismatch", tls("certificateSecretRef", "mismatch"), map[string]string{"tls.crt": string(certificate), "tls.key": string(otherKey)}},
		{"ClientCertificateExpired", tls("certificateSecretRef", "expired"), map[string]string{"tls.crt": string(expired), "tls.key": string(expiredKey)}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			quoted(t, test.reason)
			t.Parallel()
			name := strings.ToLower(test.reason)
			if test.secret != nil {
				args := []string{"create", "secret", "generic", "-n", s.namespace, secretNamed(test.spec)}
				for key, value := range test.secret {
					args = append(args, "--from-literal="+key+"="+value)
				}
				s.kubectl(t, args...)
			}
			test.spec["address"] = "redis.example:6379"
			s.redisOf(t, name, test.spec, nil)
			s.awaitCondition(t, reread, name, "CredentialsValid", "False", test.reason)
			check := s.diagnosed(t, test.reason, "redis/"+name)
			if test.reason == "ConfigMapForbidden" { // once the adapter may read it, it is missing
				s.mend(t, check)
				s.awaitCondition(t, reread, name, "CredentialsValid", "False", "ConfigMapNotFound")
			}
		})
	}
}

// secretNamed is the only name that a spec holds.
func secretNamed(spec map[string]any) string {
	for _, value := range spec {
		switch value := value.(type) {
		case string:
			return value
		case map[string]any:
			return secretNamed(value)
		}
	}
	return ""
}
