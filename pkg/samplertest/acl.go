package samplertest

import (
	"os"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

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

// Restrict gives the default user some rules, and returns a client of another user, who may do
// everything.
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
