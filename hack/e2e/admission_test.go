package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// editor is a person who may edit the fixture's namespace, as most people of a
// namespace may.
func (s *fixture) editor(t *testing.T, name string) person {
	t.Helper()
	// Tests that run at once must not write each other's kubeconfig.
	name += "@" + s.namespace
	kubeconfig := s.kubeconfigFor(t, name)
	s.kubectl(t, "create", "rolebinding", fmt.Sprintf("edit-%x", name), "-n", s.namespace, "--clusterrole=edit", "--user="+name)
	p := person{s, kubeconfig}
	p.awaitRights(t)
	return p
}

func sentinelAt(addresses ...any) map[string]any {
	return map[string]any{"sentinel": map[string]any{"masterName": "mymaster", "addresses": addresses}}
}

func clusterAt(addresses ...any) map[string]any {
	return map[string]any{"cluster": map[string]any{"addresses": addresses}}
}

// TestAddressesWithinTheNamespaceNeedNoVerb has one who may edit a namespace
// name what is in it, in all its forms, and what is not.
func TestAddressesWithinTheNamespaceNeedNoVerb(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	jane := s.editor(t, "jane")
	address := func(host string) map[string]any {
		return map[string]any{"address": strings.ReplaceAll(host, "NS", s.namespace)}
	}
	own := s.service("redis", 6379)
	for _, test := range []struct {
		spec    map[string]any
		refused string // what the refusal names, empty where there is none
	}{
		{spec: address("redis.NS.svc:6379")},
		{spec: address("redis.NS.svc.cluster.local:6379")},
		{spec: address("redis.NS.svc.cluster.local.:6379")},
		{spec: address("redis-0.redis.NS.svc:6379")},
		{spec: address("redis-0.redis.NS.svc.cluster.local:6379")},
		{spec: address("REDIS." + strings.ToUpper(s.namespace) + ".SVC:6379")},
		{spec: sentinelAt(s.service("sentinel", 26379))},
		{spec: clusterAt(own, s.service("other", 6379))},
		{address("redis.team-b.svc:6379"), "spec.address is redis.team-b.svc:6379"},
		{address("redis.NS.team-b.svc:6379"), "spec.address is redis.NS.team-b.svc:6379"},
		{address("redis.NS.svc.example.com:6379"), "spec.address is redis.NS.svc.example.com:6379"},
		{address("redis.NS.svc.cluster.local.example.com:6379"), "spec.address is redis.NS.svc.cluster.local.example.com:6379"},
		{address("a.b.redis.NS.svc:6379"), "spec.address is a.b.redis.NS.svc:6379"},
		{address("10-0-0-1.NS.pod.cluster.local:6379"), "spec.address is 10-0-0-1.NS.pod.cluster.local:6379"},
		{address("redisxNSxsvc:6379"), "spec.address is redisxNSxsvc:6379"},
		// The adapter would look for these in its own namespace, or out of the cluster.
		{address("redis:6379"), "spec.address is redis:6379"},
		{address("redis.NS:6379"), "spec.address is redis.NS:6379"},
		{address("redis.NS.svc.:6379"), "spec.address is redis.NS.svc.:6379"},
		{address("10.96.0.7:6379"), "spec.address is 10.96.0.7:6379"},
		{address("[fd00::7]:6379"), "spec.address is [fd00::7]:6379"},
		{address("unix:///var/run/redis/redis.sock"), "spec.address is unix:///var/run/redis/redis.sock"},
		{address("redis.example.com:6379"), "spec.address is redis.example.com:6379"},
		{sentinelAt(s.service("sentinel", 26379), "sentinel.team-b.svc:26379"), "spec.sentinel.addresses has sentinel.team-b.svc:26379"},
		{clusterAt(own, "redis.team-b.svc:6379"), "spec.cluster.addresses has redis.team-b.svc:6379"},
	} {
		err := jane.createOf(t, "cart", test.spec, "--dry-run=server")
		if test.refused == "" {
			if err != nil {
				t.Errorf("%v: %v", test.spec, err)
			}
			continue
		}
		for _, want := range []string{
			"ValidatingAdmissionPolicy 'redis-metrics-adapter-addresses'",
			strings.ReplaceAll(test.refused, "NS", s.namespace) + ", which is not a Service in namespace " + s.namespace + ". Write NAME." + s.namespace + ".svc:PORT, or",
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: error %v, want %s", test.spec, err, want)
			}
		}
	}
}

// TestVerbsAreGrantedByTheCommandTold has an editor be refused, and runs the
// command of the refusal as one who may not and as one who may.
func TestVerbsAreGrantedByTheCommandTold(t *testing.T) {
	t.Parallel()
	script := []any{map[string]any{"name": "evil", "script": map[string]any{"source": "return 1"}}}
	for _, test := range []struct {
		name   string
		spec   func(*fixture) map[string]any
		role   string
		denied string
	}{
		{
			"an address", func(*fixture) map[string]any { return map[string]any{"address": "redis.team-b.svc:6379"} },
			"redis-metrics-adapter-connect-anywhere", "which is not a Service in namespace",
		},
		{
			"a script", func(s *fixture) map[string]any {
				return map[string]any{"address": s.service("redis", 6379), "metrics": script}
			},
			"redis-metrics-adapter-run-scripts", "spec.metrics has the script evil, and you may not run scripts. Remove it, or",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newFixture(t, shared)
			jane, spec := s.editor(t, "jane"), test.spec(s)
			err := jane.createOf(t, "cart", spec)
			if err == nil || !strings.Contains(err.Error(), test.denied) {
				t.Fatalf("error %v, want %q", err, test.denied)
			}
			_, command, ok := strings.Cut(err.Error(), "have an administrator of the cluster run: kubectl ")
			if !ok || !strings.Contains(command, " --clusterrole="+test.role+" --user=jane@"+s.namespace) {
				t.Fatalf("the refusal has no command for %s: %v", test.role, err)
			}
			args := strings.Fields(command)
			s.kubectl(t, "create", "rolebinding", "admin", "-n", s.namespace, "--clusterrole=admin", "--user=owner@"+s.namespace)
			owner := s.kubeconfigFor(t, "owner@"+s.namespace)
			if _, err := s.Kubectl(t.Context(), append([]string{"--kubeconfig=" + owner}, args...)...); err == nil {
				t.Errorf("who administers the namespace alone may run %q", args)
			}
			s.kubectl(t, args...)
			eventually(t, 15*time.Second, func(context.Context) error { return jane.createOf(t, "cart", spec) })
			s.withoutTheVerb(t)
		})
	}
}

// withoutTheVerb edits the object cart as one who lacks the verb that its spec
// needs.
func (s *fixture) withoutTheVerb(t *testing.T) {
	t.Helper()
	joe := s.editor(t, "joe")
	joe.mustPatch(t, "cart", `{"metadata":{"labels":{"seen":"yes"}}}`)
	for _, patch := range []string{`{"spec":{"sampling":{"interval":"7s"}}}`, `{"spec":{"database":1}}`, `{"spec":{"replicas":"Sample"}}`} {
		if err := joe.patch(t, "cart", patch); err == nil || !strings.Contains(err.Error(), "--user=joe@"+s.namespace) {
			t.Errorf("%s: error %v, want a refusal that names joe", patch, err)
		}
	}
	// Who takes out what needs the verb needs it no more.
	joe.mustPatch(t, "cart", fmt.Sprintf(`{"spec":{"address":%q,"metrics":null}}`, s.service("redis", 6379)))
}

// TestCommandToldHoldsNoStrangeName has a user whose name would do something in
// a shell be refused.
func TestCommandToldHoldsNoStrangeName(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	const name = "x;$(reboot)`reboot`"
	jane := s.editor(t, name)
	err := jane.createOf(t, "cart", map[string]any{"address": "redis.team-b.svc:6379"})
	if err == nil || !strings.HasSuffix(strings.TrimSpace(err.Error()), " --user=USER") {
		t.Errorf("error %v, want a command with USER in place of the name", err)
	}
}

// TestPasswordsInClearTextAreWarnedOf reads what kubectl prints.
func TestPasswordsInClearTextAreWarnedOf(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	admin := person{s, s.Kubeconfig()}
	for _, test := range []struct{ spec, says string }{
		{`{"address": "redis:6379"}`, ""},
		{`{"address": "redis:6379", AUTH}`, "spec.auth without spec.tls sends the password in clear text"},
		{`{"address": "redis:6379", AUTH, "tls": {}}`, ""},
		{`{"address": "unix:///run/redis.sock", AUTH}`, ""},
		{`{"sentinel": {SENTINELS, AUTH}}`, "spec.sentinel.auth without spec.sentinel.tls sends the password in clear text"},
		{`{"sentinel": {SENTINELS, AUTH, "tls": {}}}`, ""},
	} {
		text := strings.NewReplacer(
			"AUTH", `"auth": {"passwordSecretRef": {"name": "own"}}`,
			"SENTINELS", `"masterName": "mymaster", "addresses": ["sentinel:26379"]`,
		).Replace(test.spec)
		var spec map[string]any
		if err := json.Unmarshal([]byte(text), &spec); err != nil {
			t.Fatal(err)
		}
		if err := admin.createOf(t, "cart", spec, "--dry-run=server"); err != nil {
			t.Errorf("%s is refused: %v", text, err)
		}
		err := admin.createOf(t, "cart", spec, "--dry-run=server", "--warnings-as-errors")
		switch {
		case test.says == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case test.says != "" && (err == nil || !strings.Contains(err.Error(), "Warning: ") || !strings.Contains(err.Error(), test.says)):
			t.Errorf("%s: error %v, want a warning that %s", text, err, test.says)
		}
	}
}

// TestSampleQuotaBoundsRedisObjects makes as many objects as the sample lets a
// namespace have, and one more.
func TestSampleQuotaBoundsRedisObjects(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	jane := s.editor(t, "jane")
	s.applyFrom(t, "samples-quota", "", "resourcequota.yaml")
	s.kubectl(t, "patch", "resourcequota", "redis-metrics", "-n", s.namespace, "--type=merge", "-p", `{"spec":{"hard":{"count/redises.redis-metrics.dev":"2"}}}`)
	spec := map[string]any{"address": s.service("redis", 6379)}
	for _, name := range []string{"one", "two"} {
		eventually(t, 60*time.Second, func(context.Context) error { return jane.createOf(t, name, spec) })
	}
	eventually(t, 15*time.Second, func(context.Context) error {
		err := jane.createOf(t, "three", spec)
		if err == nil || !strings.Contains(err.Error(), "exceeded quota: redis-metrics, requested: count/redises.redis-metrics.dev=1") {
			return errors.Join(errors.New("want a refusal by the quota"), err)
		}
		return nil
	})
	if _, err := s.Kubectl(t.Context(), "--kubeconfig="+jane.kubeconfig, "delete", "resourcequota", "redis-metrics", "-n", s.namespace); err == nil {
		t.Error("who may edit the namespace deletes its quota")
	}
}

// TestSamplesAreOfOneNamespace applies each sample of a Redis as one who may edit
// its namespace and no more.
func TestSamplesAreOfOneNamespace(t *testing.T) {
	t.Parallel()
	s := &fixture{harness: shared, namespace: metav1.NamespaceDefault}
	jane := s.editor(t, "jane")
	samples, err := filepath.Glob(filepath.Join(repository(t), "deploy", "samples*", "redis*.yaml"))
	if err != nil || len(samples) < 6 {
		t.Fatalf("%d samples, %v", len(samples), err)
	}
	for _, sample := range samples {
		_, err := s.Kubectl(t.Context(), "--kubeconfig="+jane.kubeconfig, "apply", "--dry-run=server", "-f", sample)
		scripts := strings.HasSuffix(filepath.Dir(sample), "samples-metrics")
		if !scripts && err != nil {
			t.Errorf("%s: %v", sample, err)
		}
		if scripts && (err == nil || !strings.Contains(err.Error(), "spec.metrics has the script jobs-of-both-queues")) {
			t.Errorf("%s: error %v, want a refusal of its scripts", sample, err)
		}
	}
}
