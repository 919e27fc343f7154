// Package samplertest holds what the tests of connection, poller, topology and sampler
// share: targets, credentials, servers whose replies a test chooses, and networks that
// can be cut. Only tests use it.
package samplertest

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

const (
	// Patience bounds what should happen at once.
	Patience = time.Minute
	// Ample is a timeout that no server of these tests reaches.
	Ample = 20 * time.Second
)

// Main runs the tests of a package, and fails if a goroutine is left. The log of
// go-redis is off: failures are what tests are about.
func Main(m *testing.M) {
	logging.Disable()
	goleak.VerifyTestMain(m)
}

// TargetAt returns a target that is sampled often and remembered for long.
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

// Local returns a policy that admits the servers of tests.
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
func MetricFields() func(field string) bool {
	return catalog.Builtin().Reads
}

// Read computes a built-in metric from a history.
func Read(t *testing.T, h catalog.History, name string) (catalog.Reading, error) {
	t.Helper()
	m, ok := catalog.Builtin().Lookup(name)
	if !ok {
		t.Fatalf("there is no metric %s", name)
	}
	return m.Read(h, catalog.Query{Now: time.Now()})
}

// Poll returns once a condition holds, and checks it repeatedly.
func Poll(t *testing.T, what string, holds func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, Patience, true, func(context.Context) (bool, error) { return holds(), nil })
	if err != nil {
		t.Fatalf("waited %s in vain: %s", Patience, what)
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

// ReplyIn makes a reply from JSON: nested lists of texts, whole numbers and null.
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
