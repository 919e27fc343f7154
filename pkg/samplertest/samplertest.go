// Package samplertest holds what the tests of connection, poller, topology and sampler
// share: targets, credentials, servers that reply as a test says, and networks that can
// be cut. It is for tests alone.
package samplertest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

const (
	// Patience bounds what should happen at once.
	Patience = time.Minute
	// Ample is a timeout that no server of these tests needs.
	Ample = 20 * time.Second
)

// Main runs the tests of a package, and fails if a goroutine is left. The log of
// go-redis is off: failures are what tests are about.
func Main(m *testing.M) {
	logging.Disable()
	goleak.VerifyTestMain(m)
}

// TargetAt is a target that is sampled often and remembered for long.
func TargetAt(name, addr string) *target.Target {
	return &target.Target{
		NamespacedName: types.NamespacedName{Namespace: "default", Name: name},
		UID:            types.UID("uid-of-" + name),
		Generation:     1,
		Address:        addr,
		Interval:       100 * time.Millisecond,
		Timeout:        Ample,
		Window:         time.Minute,
		MaxAge:         time.Minute,
	}
}

// Local lets the servers of tests be dialed.
func Local(t testing.TB) *egress.Policy {
	t.Helper()
	return Restricted(t, egress.Config{AllowLoopback: true})
}

// Restricted returns a policy.
func Restricted(t testing.TB, cfg egress.Config) *egress.Policy {
	t.Helper()
	policy, err := egress.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// MetricFields are the fields of INFO that built-in metrics read.
func MetricFields(t testing.TB) func(field string) bool {
	metrics, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return metrics.Reads
}

// Credentials are those of a test, the same for all servers, and others for sentinels if it has them.
type Credentials struct {
	mu        sync.Mutex
	Newest    *credentials.Credentials
	Sentinels *credentials.Credentials
	Err       error
	rejected  int
}

// Get implements connection.Credentials.
func (c *Credentials) Get(_ context.Context, _ *target.Target, of target.Party) (*credentials.Credentials, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if of == target.Sentinels && c.Sentinels != nil {
		return c.Sentinels, nil
	}
	return c.Newest, c.Err
}

// ReportRejected implements connection.Credentials.
func (c *Credentials) ReportRejected(*target.Target, target.Party) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rejected++
}

// Set makes others, or their want, the newest ones.
func (c *Credentials) Set(newest *credentials.Credentials, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Newest, c.Err = newest, err
}

// SetSentinels makes others the newest ones of sentinels.
func (c *Credentials) SetSentinels(newest *credentials.Credentials) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Sentinels = newest
}

// Rejected returns how often credentials did not work.
func (c *Credentials) Rejected() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rejected
}

// Password returns the credentials of a user.
func Password(username, password string) *credentials.Credentials {
	return &credentials.Credentials{Username: username, Password: password}
}

// Tomorrow is when certificates of tests expire.
func Tomorrow() time.Time { return time.Now().Add(24 * time.Hour) }

// Trusting are credentials that trust an authority, and show a certificate if one is given.
func Trusting(t *testing.T, a *redistest.Authority, pair ...[]byte) *credentials.Credentials {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(a.PEM)
	c := &credentials.Credentials{TLS: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}}
	if len(pair) > 0 {
		certificate, err := tls.X509KeyPair(pair[0], pair[1])
		if err != nil {
			t.Fatal(err)
		}
		c.TLS.Certificates = []tls.Certificate{certificate}
	}
	return c
}

// Read computes a built-in metric of a history.
func Read(t *testing.T, h catalog.History, name string) (catalog.Reading, error) {
	t.Helper()
	c, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	m, ok := c.Lookup(name)
	if !ok {
		t.Fatalf("there is no metric %s", name)
	}
	return m.Read(h, catalog.Query{Now: time.Now()})
}

// Poll returns once a condition holds that nothing announces.
func Poll(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited %s in vain: %s", Patience, what)
		}
	}
}

// Connections counts the adapter's connections in CLIENT LIST.
func Connections(t *testing.T, s *redistest.Server) int {
	t.Helper()
	list, ok := s.Do("client", "list").(string)
	if !ok {
		t.Fatal("CLIENT LIST is not text")
	}
	return strings.Count(list, " name=redis-metrics-adapter ")
}

// Text returns a field of INFO.
func Text(t *testing.T, info *redisinfo.Info, key string) string {
	t.Helper()
	value, err := info.Text(key)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Work sends a known number of requests.
func Work(t *testing.T, server *redistest.Server, gets, sets int) {
	t.Helper()
	pipe := server.Client().Pipeline()
	for range sets {
		pipe.Set(t.Context(), "key", "value", 0)
	}
	for range gets {
		pipe.Exists(t.Context(), "key")
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Port returns the port of a server.
func Port(t *testing.T, server *redistest.Server) string {
	t.Helper()
	_, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// ACLRules returns the rules of the documented user, which has no more rights than it needs.
func ACLRules(t *testing.T) []string {
	t.Helper()
	return DocumentedRules(t, "custom-metrics.md", "\nACL SETUSER redis-metrics-adapter on >password ")
}

// DocumentedRules returns the rules in a line of a page of deploy/docs.
func DocumentedRules(t *testing.T, page, beginning string) []string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), beginning)
	line, _, _ := strings.Cut(rest, "\n")
	if !ok {
		t.Fatalf("%s has no line %q", page, beginning)
	}
	return strings.Fields(line)
}

// Restrict gives the default user some rules, and returns another one's client, who may do all.
func Restrict(t *testing.T, server *redistest.Server, rules []string) *redis.Client {
	t.Helper()
	server.Do("acl", "setuser", "admin", "on", ">admin", "~*", "+@all")
	args := []any{"acl", "setuser", "default", "reset", "on", "nopass"}
	for _, rule := range rules {
		args = append(args, rule)
	}
	server.Do(args...)
	admin := redis.NewClient(&redis.Options{Addr: server.Addr, Username: "admin", Password: "admin", DisableIdentity: true, Protocol: 2})
	t.Cleanup(func() { _ = admin.Close() })
	return admin
}

// Documented requires that the page about security states limits.
func Documented(t *testing.T, limits ...string) {
	t.Helper()
	const page = "../../deploy/docs/security.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range limits {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %q", page, want)
		}
	}
}

// ReplyIn makes a reply of JSON: nested lists of texts, whole numbers and null.
func ReplyIn(text string) any {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return nil
	}
	var convert func(any) any
	convert = func(v any) any {
		switch v := v.(type) {
		case float64:
			return int64(v)
		case []any:
			for i := range v {
				v[i] = convert(v[i])
			}
			return v
		case string, nil:
			return v
		}
		return errors.New("an error in a list")
	}
	return convert(value)
}
