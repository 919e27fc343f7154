package e2e

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// guardedSentinels samples a Redis whose sentinels and servers each ask for a user, a password, and a certificate of
// the adapter, and has the password of the sentinels become wrong. It returns all that must be kept.
func guardedSentinels(t *testing.T, s *fixture) (kept []string) {
	t.Helper()
	const ofServers, ofSentinels, wrong = "sesame-servers-84", "sesame-sentinels-85", "sesame-sentinels-86"
	authority := redistest.NewAuthority(t)
	args := append(authority.Arguments("127.0.0.1"), "--tls-auth-clients", "yes", "--requirepass", "admin")
	primary := redistest.New(t, args...)
	sentinels := redistest.NewSentinels(t, 3, "mymaster", primary, 0, args...)
	primary.Do("acl", "setuser", "metrics", "on", ">"+ofServers, "resetkeys", "-@all", "+info", "+echo", "+select", "+client|setname")
	var places []any
	for _, node := range sentinels.Nodes {
		node.Do("acl", "setuser", "watcher", "on", ">"+ofSentinels, "-@all", "+client|setname", "+sentinel|master", "+sentinel|get-master-addr-by-name")
		places = append(places, node.TLSAddr)
	}
	certificate, key := authority.Issue(time.Now().Add(time.Hour))
	dir := t.TempDir()
	for name, content := range map[string][]byte{"ca.crt": authority.PEM, "tls.crt": certificate, "tls.key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.kubectl(t, "create", "configmap", "guarded-ca", "-n", s.namespace, "--from-file="+filepath.Join(dir, "ca.crt"))
	s.kubectl(t, "create", "secret", "tls", "guarded-client", "-n", s.namespace, "--cert="+filepath.Join(dir, "tls.crt"), "--key="+filepath.Join(dir, "tls.key"))
	s.kubectl(t, "create", "secret", "generic", "guarded-auth", "-n", s.namespace, "--from-literal=password="+ofServers, "--from-literal=of-sentinels="+ofSentinels)
	s.kubectl(t, "create", "role", "guarded", "-n", s.namespace, "--verb=get", "--resource=secrets,configmaps",
		"--resource-name=guarded-auth", "--resource-name=guarded-client", "--resource-name=guarded-ca")
	s.kubectl(t, "create", "rolebinding", "guarded", "-n", s.namespace, "--role=guarded", "--serviceaccount="+cluster.AdapterName+":"+cluster.AdapterName)
	tls := map[string]any{"caConfigMapRef": map[string]any{"name": "guarded-ca"}, "certificateSecretRef": map[string]any{"name": "guarded-client"}}
	auth := func(user, key string) map[string]any {
		return map[string]any{"username": user, "passwordSecretRef": map[string]any{"name": "guarded-auth", "key": key}}
	}
	s.redisOf(t, "guarded", map[string]any{
		"sentinel": map[string]any{"masterName": "mymaster", "addresses": places, "auth": auth("watcher", "of-sentinels"), "tls": tls},
		"auth":     auth("metrics", "password"), "tls": tls,
	}, nil)
	eventually(t, reread, func(ctx context.Context) error {
		_, err := s.requests(ctx, "guarded")
		return errors.Join(err, s.condition(ctx, "guarded", "CredentialsValid", "True", "Accepted"))
	})
	s.kubectl(t, "patch", "secret", "guarded-auth", "-n", s.namespace, "--type=merge", "-p", fmt.Sprintf(`{"stringData":{"of-sentinels":%q}}`, wrong))
	eventually(t, reread, func(ctx context.Context) error {
		return errors.Join(
			s.condition(ctx, "guarded", "CredentialsValid", "False", "AuthenticationFailed"),
			s.condition(ctx, "guarded", "Ready", "True", "Sampled"))
	})
	told := s.kubectl(t, "get", "redis", "guarded", "-n", s.namespace, "-o", `jsonpath={.status.conditions[?(@.type=="CredentialsValid")].message}`)
	if !strings.Contains(told, "at the sentinels: ") || !strings.Contains(told, "spec.sentinel.auth") {
		t.Errorf("CredentialsValid says %q, not that it is at the sentinels", told)
	}
	body := strings.Split(string(key), "\n")[1]
	return []string{ofServers, ofSentinels, wrong, string(key), body}
}

// noSecretTold looks for what must be kept in all that the adapter tells anybody.
func noSecretTold(t *testing.T, s *fixture, loud *cluster.Adapter, kept []string) {
	t.Helper()
	log, err := os.ReadFile(loud.LogPath())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), "/secrets/my-redis-auth") {
		t.Error("the log does not show the requests at all")
	}
	noisy := s.harness
	noisy.adapter = loud
	told := map[string]string{
		"log at -v=9": string(log),
		"log":         s.adapter.LogTail(1 << 20),
		"objects":     s.kubectl(t, "get", "redis", "-n", s.namespace, "-o", "yaml"),
		"Events":      s.kubectl(t, "get", "events", "-n", s.namespace, "-o", "yaml"),
		"metrics":     awaitMetrics(t, noisy),
	}
	for path, text := range profiles(t, noisy) {
		told[path] = text
	}
	for _, name := range []string{"cart", "guarded"} {
		for _, metric := range []string{"no-such-metric", "memory-utilization", "requests-per-second"} {
			list, refused := s.ask(t.Context(), name, metric)
			told["answer on "+metric+" of "+name] = fmt.Sprint(list, refused)
		}
	}
	// The passwords of this test begin with one word, which a hex dump would show too.
	needles := []string{"sesame", "73 65 73 61 6d"}
	for _, secret := range kept {
		needles = append(needles, secret, base64.StdEncoding.EncodeToString([]byte(secret)))
	}
	for where, text := range told {
		for n, needle := range needles {
			if strings.Contains(text, needle) {
				t.Errorf("the %s holds what must be kept (%d)", where, n)
			}
		}
	}
}

// profiles reads what an operator may see of the running program.
func profiles(t *testing.T, h harness) map[string]string {
	t.Helper()
	h.kubectl(t, "create", "clusterrole", "profile", "--verb=get", "--non-resource-url=/debug/pprof/*")
	h.kubectl(t, "create", "clusterrolebinding", "profile", "--clusterrole=profile", "--user=operator")
	ask, told := aggregatorFor(t, h, "operator"), map[string]string{}
	for _, path := range []string{"/debug/pprof/goroutine?debug=2", "/debug/pprof/cmdline"} {
		eventually(t, 15*time.Second, func(context.Context) error {
			code, body, _ := ask(path)
			told[path] = body
			if code == http.StatusForbidden {
				return fmt.Errorf("%s answers %d %s", path, code, body)
			}
			return nil
		})
	}
	if !strings.Contains(told["/debug/pprof/goroutine?debug=2"], "goroutine ") {
		t.Errorf("the profiles are not served: %s", told["/debug/pprof/goroutine?debug=2"])
	}
	return told
}
