package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/connection"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// reread is the longest time after which the adapter reads a Secret again, and a sample more.
const reread = 36*time.Second + 2*interval

const firstPassword, secondPassword, wrongPassword = "sesame-first-81", "sesame-second-82", "sesame-wrong-83"

// TestCredentials has a Redis with an ACL user and TLS sampled by what the owner
// of its namespace lets the adapter read, and rotates the password under load.
func TestCredentials(t *testing.T) {
	t.Parallel()
	h := ownHarness(t)
	loud, err := h.StartAdapter(t.Context(), cluster.AdapterOptions{
		Name: "redis-metrics-adapter-loud", Standby: true, ExtraArgs: []string{"-v=9"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := newFixture(t, h)
	server := secured(t, s)
	grantAsTold(t, s)
	driver := drive(t, server.Addr, 500)

	// The other adapter was refused as well, and may ask again later than the first.
	var before []string
	eventually(t, reread, func(context.Context) error {
		if before = connectionIDs(server); len(before) != 2 {
			return fmt.Errorf("%d connections of two adapters", len(before))
		}
		return nil
	})
	server.Do("acl", "setuser", "metrics", ">"+secondPassword)
	s.password(t, secondPassword)
	served(t, s, driver, reread, func() error {
		if now := connectionIDs(server); len(now) == len(before) && !slices.ContainsFunc(now, func(id string) bool { return slices.Contains(before, id) }) {
			return nil
		}
		return errors.New("a connection of the old password goes on")
	})
	server.Do("acl", "setuser", "metrics", "<"+firstPassword)

	s.password(t, wrongPassword)
	served(t, s, driver, reread, func() error {
		return errors.Join(
			s.condition(t.Context(), "cart", "CredentialsValid", "False", "AuthenticationFailed"),
			s.condition(t.Context(), "cart", "Ready", "True", "Sampled"))
	})
	s.awaitEvents(t, "cart", "AuthenticationFailed")
	s.password(t, secondPassword)
	served(t, s, driver, reread, func() error {
		return s.condition(t.Context(), "cart", "CredentialsValid", "True", "Accepted")
	})
	kept := guardedSentinels(t, s)
	noSecretTold(t, s, loud, append(kept, firstPassword, secondPassword, wrongPassword))
}

// secured makes a Redis that demands all, and an object that names all of it.
func secured(t *testing.T, s *fixture) *redistest.Server {
	t.Helper()
	authority := redistest.NewAuthority(t)
	cert, key := authority.Issue(time.Now().Add(time.Hour), "127.0.0.1")
	server := redistest.NewTLS(t, authority, cert, key)
	server.Do("acl", "setuser", "metrics", "on", ">"+firstPassword, "resetkeys", "-@all", "+info", "+echo", "+select", "+client|setname")
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, authority.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	s.kubectl(t, "create", "configmap", "my-redis-ca", "-n", s.namespace, "--from-file=ca.crt="+ca)
	s.kubectl(t, "create", "secret", "generic", "my-redis-auth", "-n", s.namespace, "--from-literal=password="+firstPassword)
	s.redisOf(t, "cart", map[string]any{
		"address": server.TLSAddr,
		"auth":    map[string]any{"username": "metrics", "passwordSecretRef": map[string]any{"name": "my-redis-auth"}},
		"tls":     map[string]any{"caConfigMapRef": map[string]any{"name": "my-redis-ca"}},
	}, nil)
	return server
}

// grantAsTold runs the commands that status prints, as the owner of the namespace,
// who is not an administrator of the cluster.
func grantAsTold(t *testing.T, s *fixture) {
	t.Helper()
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		return errors.Join(
			s.condition(ctx, "cart", "CredentialsValid", "False", "SecretForbidden"),
			s.condition(ctx, "cart", "Ready", "False", "SecretForbidden"))
	})
	s.awaitEvents(t, "cart", "SecretForbidden")
	told := s.kubectl(t, "get", "redis", "cart", "-n", s.namespace, "-o", `jsonpath={.status.conditions[?(@.type=="CredentialsValid")].message}`)
	_, commands, ok := strings.Cut(told, "Somebody who may read it can grant the adapter the same right: ")
	if !ok {
		t.Fatalf("status says %q, and no command", told)
	}
	s.kubectl(t, "create", "rolebinding", "owner", "-n", s.namespace, "--clusterrole=admin", "--user=owner")
	owner := s.kubeconfigFor(t, "owner")
	for command := range strings.SplitSeq(commands, " && ") {
		args, isKubectl := strings.CutPrefix(command, "kubectl ")
		if !isKubectl {
			t.Fatalf("status tells to run %q", command)
		}
		s.kubectl(t, append([]string{"--kubeconfig=" + owner}, strings.Fields(args)...)...)
	}
	eventually(t, reread, func(ctx context.Context) error {
		_, err := s.requests(ctx, "cart")
		return errors.Join(err, s.condition(ctx, "cart", "CredentialsValid", "True", "Accepted"))
	})
	own := " -n " + s.namespace
	s.answersRights(t, adapterAccount, map[string]bool{
		"list secrets" + own: false, "watch secrets" + own: false, "get secrets/other" + own: false, "get configmaps/other" + own: false,
	})
}

func (s *fixture) password(t *testing.T, password string) {
	t.Helper()
	s.kubectl(t, "patch", "secret", "my-redis-auth", "-n", s.namespace, "--type=merge", "-p", fmt.Sprintf(`{"stringData":{"password":%q}}`, password))
}

// served waits for what a rotation brings about, and two samples more. Each number
// served meanwhile must be current and true.
func served(t *testing.T, s *fixture, sent load, within time.Duration, brought func() error) {
	t.Helper()
	add, verified := verifying(t, "cart", sent.truth)
	var reached time.Time
	since, missing := time.Now(), errors.New("nothing yet")
	err := wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, within+2*interval, true, func(ctx context.Context) (bool, error) {
		value, err := s.requests(ctx, "cart")
		if err != nil {
			return false, fmt.Errorf("%s after the Secret changed: %w", time.Since(since), err)
		}
		// One interval, and what the clock of the API and a busy machine add.
		if age := time.Since(value.At); age > interval+4*resolution {
			return false, fmt.Errorf("the sample served is %s old: one was left out", age)
		}
		add(value)
		if missing != nil {
			missing, reached = brought(), time.Now()
		}
		return missing == nil && time.Since(reached) > 2*interval, nil
	})
	if err != nil {
		t.Fatalf("%v; %v", err, missing)
	}
	verified(0)
}

// connectionIDs are those of the adapters' connections.
func connectionIDs(server *redistest.Server) []string {
	list, _ := server.Do("client", "list").(string)
	var ids []string
	for line := range strings.Lines(list) {
		if strings.Contains(line, "name="+connection.ClientName+" ") {
			ids = append(ids, regexp.MustCompile(`^id=\d+`).FindString(line))
		}
	}
	return ids
}
