package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// scaling is how long a change of load may take to become pods: a window until
// the value is whole, a look of the HPA, and pods that start one interval later.
const scaling = 60 * time.Second

// TestScenario is what the project began from, in both forms of the target. The
// HPA is a plain manifest: nothing grants it any right.
func TestScenario(t *testing.T) {
	t.Parallel()
	t.Run("AverageValue", func(t *testing.T) {
		t.Parallel()
		// 1900 are the shares of two replicas.
		s, driver := stage(t, "hpa-averagevalue.yaml", 1900)
		checked := s.audit(t, driver)
		// 500 requests per second are the share of one replica, 2500 that of three, 9000 more than the maximum.
		for _, step := range []struct {
			perSecond int
			replicas  int32
		}{{500, 1}, {2500, 3}, {9000, 5}, {500, 1}} {
			driver.SetRate(step.perSecond)
			s.awaitReplicas(t, step.replicas, scaling+time.Duration(5)*15*time.Second)
		}
		checked()
	})
	t.Run("Value", func(t *testing.T) {
		t.Parallel()
		s, driver := stage(t, "hpa-value.yaml", 1000)
		checked := s.audit(t, driver)
		// 1000 in total: at 2000 the number of replicas doubles with every look, up to the maximum.
		driver.SetRate(2000)
		s.awaitReplicas(t, 5, scaling)
		// At 400 it falls. At 500 it would stand on a border: a thousandth more keeps two, since ceil(2 x 0.501) = 2.
		driver.SetRate(400)
		s.awaitReplicas(t, 1, scaling+time.Duration(5)*15*time.Second)
		checked()
	})
}

// stage applies the samples at a Redis with traffic that holds two replicas.
func stage(t *testing.T, hpa string, perSecond int) (*fixture, load) {
	t.Helper()
	s := newFixture(t, shared)
	server := redistest.New(t)
	driver := drive(t, server.Addr, perSecond)
	s.apply(t, server.Addr, "redis.yaml", "statefulset.yaml", hpa)
	s.scale(t, 2)
	s.awaitReplicas(t, 2, scaling)
	return s, driver
}

// TestSamplesAppliedAgainScaleNothingBack applies the samples while the HPA has scaled out, in both ways of kubectl
// apply.
func TestSamplesAppliedAgainScaleNothingBack(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{
		"client side": nil,
		"server side": {"--server-side"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFixture(t, shared)
			server := redistest.New(t)
			driver := drive(t, server.Addr, 100)
			s.redis(t, "my-redis", server.Addr, nil)
			apply := func() {
				t.Helper()
				for _, file := range []string{"statefulset.yaml", "hpa-averagevalue.yaml"} {
					s.applyAs(t, filepath.Join(repository(t), "deploy", "samples", file), flags...)
				}
			}
			apply()
			s.awaitReplicas(t, 1, scaling)
			driver.SetRate(2500)
			s.awaitReplicas(t, 3, scaling)
			apply()
			throughout(t, 2*syncPeriod, func(ctx context.Context) error {
				replicas, err := s.replicas(ctx, "app-statefulset")
				if err == nil && replicas != 3 {
					err = fmt.Errorf("%d replicas, want the 3 of before", replicas)
				}
				return err
			})
		})
	}
}

// applyAs runs kubectl apply with a file that names namespace default, in the fixture's.
func (s *fixture) applyAs(t *testing.T, path string, flags ...string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	here := strings.ReplaceAll(string(text), "namespace: default", "namespace: "+s.namespace)
	s.kubectlInput(t, here, append([]string{"apply", "-f", "-"}, flags...)...)
}

// audit asks as the HPA does for as long as the test runs. The returned function
// says whether each number that was served is that of the traffic.
func (s *fixture) audit(t *testing.T, sent load) (checked func()) {
	t.Helper()
	add, verified := verifying(t, "my-redis", sent.truth)
	stop := verifier.Background(t.Context(), func(ctx context.Context) {
		verifier.Paced(ctx, 500*time.Millisecond, func(int) {
			if value, err := s.requests(ctx, "my-redis"); err == nil {
				add(value)
			}
		})
	})
	t.Cleanup(stop)
	return func() {
		t.Helper()
		stop()
		verified(5)
	}
}
