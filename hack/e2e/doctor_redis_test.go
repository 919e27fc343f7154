package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// number finds what differs from one time to another in a message that deploy/docs/troubleshooting.md quotes.
var number = regexp.MustCompile(`[0-9]+(\\\.[0-9]+)?s`)

// trouble is a message that the page on troubleshooting quotes.
type trouble struct{ pattern *regexp.Regexp }

// quoted finds a quotation in the page, where "..." stands for what is left out.
func quoted(t *testing.T, quotation string) trouble {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), "deploy", "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "`"+quotation+"`") {
		t.Errorf("troubleshooting.md does not quote %s", quotation)
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(quotation), `\.\.\.`, `.*`)
	return trouble{regexp.MustCompile("(?s)" + number.ReplaceAllString(pattern, `[0-9.]+s`))}
}

// in says whether a message is another than the one quoted.
func (q trouble) in(message string) error {
	if !q.pattern.MatchString(message) {
		return fmt.Errorf("the message is %q, want one that matches %s", message, q.pattern)
	}
	return nil
}

// TestTroubleOfAnHPA makes each mistake that an HPA reports, and reads what it says.
func TestTroubleOfAnHPA(t *testing.T) {
	t.Parallel()
	s := newScene(t, shared)
	up, down := redistest.New(t), redistest.New(t)
	s.redis(t, "up", up.Addr, nil)
	s.redis(t, "down", down.Addr, nil)
	awaitRequests(t, s, "down")
	s.autoscaler(t, "unreachable", "redis-metrics.dev/v1alpha1", "down", "requests-per-second")
	down.Kill()
	s.autoscaler(t, "core-group", "v1", "up", "requests-per-second")
	s.autoscaler(t, "no-object", "redis-metrics.dev/v1alpha1", "x", "requests-per-second")
	s.autoscaler(t, "no-limit", "redis-metrics.dev/v1alpha1", "up", "memory-utilization")
	for _, test := range []struct{ name, quotation, code string }{
		{"unreachable", "is unknown: the newest sample is 23s old, more than maxAge 15s; the last attempt failed: the connection was refused", "ConnectionRefused"},
		{"core-group", `no matches for kind "Redis" in group ""`, "DescribedObjectGroup"},
		{"no-object", `redises.redis-metrics.dev "x" not found`, "RedisNotFound"},
		{"no-limit", "memory-utilization ... maxmemory is 0", "NoMaxmemory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := quoted(t, test.quotation)
			eventually(t, maxAge+6*syncPeriod, func(ctx context.Context) error { return s.autoscalerSays(ctx, test.name, want) })
			check := s.diagnosed(t, test.code, "hpa/"+test.name)
			if test.code == "DescribedObjectGroup" {
				s.mend(t, check)
				s.healthy(t, "hpa/"+test.name)
			}
		})
	}
	eventually(t, 2*syncPeriod, func(ctx context.Context) error {
		return s.autoscalerSays(ctx, "unreachable", quoted(t, "FailedGetObjectMetric"))
	})
}

// autoscalerSays says whether an HPA gives another reason for not scaling than the one quoted.
func (s *scene) autoscalerSays(ctx context.Context, name string, want trouble) error {
	said, err := s.Kubectl(ctx, "get", "hpa", name, "-n", s.namespace, "-o",
		`jsonpath={range .status.conditions[?(@.type=="ScalingActive")]}{.reason} {.message}{end}`)
	return errors.Join(err, want.in(said))
}

// autoscaler makes an HPA with a workload of its own.
func (s *scene) autoscaler(t *testing.T, name, version, redis, metric string) {
	t.Helper()
	const objects = `{"apiVersion": "v1", "kind": "List", "items": [{
		"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": %[1]q},
		"spec": {"serviceName": %[1]q, "selector": {"matchLabels": {"app": %[1]q}}, "template": {
			"metadata": {"labels": {"app": %[1]q}}, "spec": {"containers": [{"name": "app", "image": "app"}]}}}
	}, {
		"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": %[1]q},
		"spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": %[1]q}, "maxReplicas": 2, "metrics": [{
			"type": "Object", "object": {"describedObject": {"apiVersion": %[2]q, "kind": "Redis", "name": %[3]q},
				"metric": {"name": %[4]q}, "target": {"type": "AverageValue", "averageValue": "1000"}}}]}
	}]}`
	if _, err := s.KubectlInput(t.Context(), strings.NewReader(fmt.Sprintf(objects, name, version, redis, metric)), "create", "-n", s.namespace, "-f", "-"); err != nil {
		t.Fatal(err)
	}
}

// TestTroubleOfARate reads why there is no rate of a new object, and none after a restart.
func TestTroubleOfARate(t *testing.T) {
	t.Parallel()
	s := newScene(t, shared)
	server := redistest.New(t)
	said := func(quotation string) {
		want := quoted(t, quotation)
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
	s.diagnosed(t, "WarmingUp", "redis/cart")
}

// TestTroubleOfRights asks as people who lack a right.
func TestTroubleOfRights(t *testing.T) {
	t.Parallel()
	s := newScene(t, shared)
	nobody, err := s.KubeconfigForUser("nobody")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Kubectl(t.Context(), "--kubeconfig="+nobody, "get", "--raw", s.path("v1beta2", "cart", "requests-per-second")); err == nil {
		t.Error("who has no right is answered")
	} else if err := quoted(t, `cannot get resource "redises.redis-metrics.dev/requests-per-second" in API group "custom.metrics.k8s.io"`).in(err.Error()); err != nil {
		t.Error(err)
	}
	if d, err := s.doctorAs(t.Context(), nobody, "redis/cart"); err != nil || d.code != 1 {
		t.Errorf("to who has no right doctor says %v, exit code %d, %+v", err, d.code, d.Checks)
	}
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

// TestTroubleOfCredentials has objects name what is not there, or not what it should be.
func TestTroubleOfCredentials(t *testing.T) {
	t.Parallel()
	s := newScene(t, shared)
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
			eventually(t, reread, func(ctx context.Context) error {
				return s.condition(ctx, name, "CredentialsValid", "False", test.reason)
			})
			check := s.diagnosed(t, test.reason, "redis/"+name)
			if test.reason == "ConfigMapForbidden" { // once the adapter may read it, it is missing
				s.mend(t, check)
				eventually(t, reread, func(ctx context.Context) error {
					return s.condition(ctx, name, "CredentialsValid", "False", "ConfigMapNotFound")
				})
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
