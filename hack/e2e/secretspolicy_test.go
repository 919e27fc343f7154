package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// withoutThePolicy takes the binding of the policy for Secrets away from an
// adapter that may read them all, and applies it again.
func (s *fixture) withoutThePolicy(t *testing.T, overlay string) {
	server := redistest.New(t, "--requirepass", "sesame")
	s.kubectl(t, "create", "secret", "generic", "own", "-n", s.namespace, "--from-literal=password=sesame")
	s.redisOf(t, "guarded", map[string]any{
		"address": server.Addr, "auth": map[string]any{"passwordSecretRef": map[string]any{"name": "own"}},
	}, nil)
	eventually(t, reread, func(ctx context.Context) error {
		_, err := s.requests(ctx, "guarded")
		return errors.Join(err, s.condition(ctx, "guarded", "CredentialsValid", "True", "Accepted"))
	})
	s.kubectl(t, "delete", "validatingadmissionpolicybinding", secretsPolicy)
	// A look at the policy, and then a read of the Secret.
	eventually(t, 2*reread, func(ctx context.Context) error {
		return errors.Join(
			s.condition(ctx, "guarded", "CredentialsValid", "False", "SecretsPolicyMissing"),
			s.condition(ctx, "guarded", "Ready", "True", "Sampled"))
	})
	if log := s.adapter.LogTail(wholeLog); !strings.Contains(log, "there is no ValidatingAdmissionPolicyBinding "+secretsPolicy) {
		t.Error("the log does not say that the binding is missing")
	}
	server.Do("client", "kill", "type", "normal")
	s.awaitCondition(t, time.Minute, "guarded", "Ready", "False", "SecretsPolicyMissing")
	objects, err := s.Render(t.Context(), overlay)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if object.GetKind() == "ValidatingAdmissionPolicyBinding" {
			if err := s.Apply(t.Context(), []*unstructured.Unstructured{object}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.awaitCondition(t, 2*reread, "guarded", "Ready", "True", "Sampled")
}
