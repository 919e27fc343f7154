package e2e

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestTroubleOfTheAPI has the APIServices fail in each of the ways that troubleshooting.md lists, and shows that a namespace
// cannot be deleted meanwhile.
func TestTroubleOfTheAPI(t *testing.T) {
	t.Parallel()
	h := ownHouse(t)
	s := newScene(t, h)
	s.redis(t, "cart", redistest.New(t).Addr, nil)
	awaitRequests(t, s, "cart")
	t.Run("no trouble", s.healthyInstallation)
	t.Run("another project", s.anotherProject)
	t.Run("another authority", s.anotherAuthority)
	t.Run("no CustomResourceDefinition", s.noKind)
	t.Run("no server", s.noServer)
}

// apiService waits until an APIService is unavailable for a reason.
func (s *scene) apiService(t *testing.T, reason string, says trouble) {
	t.Helper()
	eventually(t, time.Minute, func(ctx context.Context) error {
		out, err := s.Kubectl(ctx, "get", "apiservice", newer, "-o",
			`jsonpath={range .status.conditions[?(@.type=="Available")]}{.status} {.reason} {.message}{end}`)
		if err == nil && !strings.HasPrefix(out, "False "+reason+" ") {
			err = fmt.Errorf("Available is %q, want False %s", out, reason)
		}
		return errors.Join(err, says.in(out))
	})
}

// anotherAuthority takes the right to write caBundle from the adapter, and writes another there.
func (s *scene) anotherAuthority(t *testing.T) {
	s.kubectl(t, "patch", "clusterrole", cluster.AdapterName, "--type=json", "-p",
		`[{"op":"test","path":"/rules/3/resources","value":["apiservices"]},{"op":"replace","path":"/rules/3/verbs","value":["get"]}]`)
	s.kubectl(t, "patch", "apiservice", newer, "--type=merge", "-p",
		fmt.Sprintf(`{"spec":{"caBundle":%q}}`, base64.StdEncoding.EncodeToString(redistest.NewAuthority(t).PEM)))
	s.apiService(t, "FailedDiscoveryCheck", quoted(t, "x509: certificate signed by unknown authority"))
	eventually(t, 30*time.Second, func(context.Context) error {
		return quoted(t, "Certificates are not current, trying again").in(s.adapter.LogTail(wholeLog))
	})
	s.mend(t, s.diagnosed(t, "CertificateUntrusted", "hpa/app"))
	eventually(t, time.Minute, func(ctx context.Context) error {
		_, err := s.requests(ctx, "cart")
		return err
	})
}

// noKind deletes the CustomResourceDefinition.
func (s *scene) noKind(t *testing.T) {
	s.kubectl(t, "delete", "crd", redisCRD)
	want := quoted(t, `no matches for kind "Redis" in group "redis-metrics.dev"`)
	eventually(t, time.Minute, func(ctx context.Context) error { return s.autoscalerSays(ctx, "app", want) })
	s.mend(t, s.diagnosed(t, "KindMissing", "hpa/app"))
	s.diagnosed(t, "RedisNotFound", "hpa/app")
}

// noServer ends the adapter, and deletes a namespace and then the APIServices, as deploy/README.md says.
func (s *scene) noServer(t *testing.T) {
	if err := s.adapter.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.apiService(t, "FailedDiscoveryCheck", quoted(t, "connection refused"))
	s.diagnosed(t, "AdapterUnreachable", "hpa/app")
	s.kubectl(t, "create", "namespace", "blocked")
	s.kubectl(t, "delete", "namespace", "blocked", "--wait=false")
	want := quoted(t, "NamespaceDeletionDiscoveryFailure")
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		out, err := s.Kubectl(ctx, "get", "namespace", "blocked", "-o", "jsonpath={.status.conditions}")
		return errors.Join(err, want.in(out))
	})
	s.diagnosed(t, "AdapterUnreachable")
	s.kubectl(t, "delete", "-f", filepath.Join(repository(t), "deploy", "base", "apiservices.yaml"))
	s.kubectl(t, "wait", "--for=delete", "namespace/blocked", "--timeout=60s")
}
