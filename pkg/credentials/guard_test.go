package credentials

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// TestNoSecretIsReadWithoutThePolicy has the admission policy come and go.
func TestNoSecretIsReadWithoutThePolicy(t *testing.T) {
	var guarded atomic.Bool
	keeping(t, func(t *testing.T, s *apiServer, k *Manager) {
		s.put(authPath, map[string]string{"password": "one"})
		r, public := withPassword("r"), withPassword("public")
		public.Auth, public.TLS = nil, &target.TLS{CA: caReference(target.ConfigMap)}
		k.Set(r)
		k.Set(public)
		text, advice := wantError(t, k, r, reason.SecretsPolicyMissing)
		if !strings.Contains(text, "spec.auth.passwordSecretRef") || !strings.Contains(advice, "applies the adapter's manifests again") {
			t.Errorf("the error says %q and advises %q", text, advice)
		}
		if n := s.count(authPath); n != 0 {
			t.Errorf("the Secret was read %d times", n)
		}
		wantError(t, k, public, "ConfigMapNotFound") // it was asked for
		guarded.Store(true)
		pass(36 * time.Second)
		want(t, k, r, "one")
		guarded.Store(false)
		pass(36 * time.Second)
		wantError(t, k, r, reason.SecretsPolicyMissing)
	}, func(k *Manager) { k.Require(guarded.Load) })
}
