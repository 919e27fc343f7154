package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestSentinelFailoverUnderLoad kills the primary that sentinels name.
func TestSentinelFailoverUnderLoad(t *testing.T) {
	t.Parallel()
	primary := redistest.New(t)
	primary.Replicas(2)
	sentinels := redistest.NewSentinels(t, 3, "mymaster", primary, 2)
	failOver(t, failing{
		spec: map[string]any{
			"sentinel": map[string]any{"masterName": "mymaster", "addresses": addresses(sentinels.Nodes)},
			"replicas": "Sample",
		},
		roles:  map[string]int{"primary": 1, "replica": 2},
		driver: traffic.New(primary.Addr),
		killed: primary,
		next:   func() *traffic.Driver { return traffic.New(sentinels.AwaitPrimary(primary)) },
	})
}

// TestClusterFailoverUnderLoad kills the primary of one of three shards.
func TestClusterFailoverUnderLoad(t *testing.T) {
	t.Parallel()
	c := redistest.NewCluster(t, 3, 3)
	var nodes []string
	for _, node := range c.Nodes {
		nodes = append(nodes, node.Addr)
	}
	failOver(t, failing{
		spec: map[string]any{
			"cluster":  map[string]any{"addresses": addresses(c.Nodes[1:3])},
			"replicas": "Sample",
		},
		roles:  map[string]int{"primary": 3, "replica": 3},
		driver: traffic.NewCluster(nodes...),
		killed: c.Nodes[0],
		next: func() *traffic.Driver {
			eventually(t, 30*time.Second, func(ctx context.Context) error {
				role, err := c.Nodes[3].Client().Do(ctx, "role").Slice()
				info, _ := c.Nodes[1].Client().ClusterInfo(ctx).Result()
				if err == nil && (role[0] != "master" || !strings.Contains(info, "cluster_state:ok")) {
					err = fmt.Errorf("its replica is %v yet: %s", role[0], info)
				}
				return err
			})
			return traffic.NewCluster(nodes[1:]...)
		},
	})
}

// failing is a Redis that fails over.
type failing struct {
	spec map[string]any
	// roles is how many nodes of each role there are at first.
	roles  map[string]int
	driver *traffic.Driver
	killed *redistest.Server
	// next waits for the failover, and returns a driver for who is primary then.
	next func() *traffic.Driver
}

// failOver kills a primary while three replicas are needed. Each value served must match the
// traffic, the HPA must remove no replica unless a served value explains it, and once clients are back scaling must go on.
// On a busy machine the clients themselves may be slow, so that fewer replicas are needed for a while.
func failOver(t *testing.T, f failing) {
	s := newFixture(t, shared)
	before := sending(t, f.driver, 2900)
	s.redisOf(t, "my-redis", f.spec, nil)
	s.apply(t, "", "statefulset.yaml", "hpa-averagevalue.yaml")
	s.awaitReplicas(t, 3, scaling)
	eventually(t, 40*time.Second, func(ctx context.Context) error { return s.nodes(ctx, f.roles, f.killed.Addr, "primary") })

	f.killed.Kill()
	killed := time.Now()
	_ = before.stop() // it failed with its server
	after := sending(t, f.next(), 2900)
	t.Logf("clients go on %s after the kill", time.Since(killed).Round(time.Second))
	served, needed := time.Duration(0), int32(3)
	add, verified := verifying(t, "my-redis", after.truth)
	throughout(t, 10*interval, func(ctx context.Context) error {
		replicas, err := s.replicas(ctx, "app-statefulset") // before what the HPA may have read is requested
		if err != nil {
			return err
		}
		value, err := s.requests(ctx, "my-redis")
		switch {
		case err != nil && !apierrors.IsNotFound(err):
			return err
		case err == nil && value.Value == 0:
			return fmt.Errorf("%s after the kill 0 was served", time.Since(killed))
		case err == nil && time.Since(value.At) > maxAge+2*resolution:
			return fmt.Errorf("a sample was served %s after it was taken", time.Since(value.At))
		case err == nil && value.At.After(killed.Add(resolution)):
			served = cmp.Or(served, time.Since(killed))
			add(value)
			if of := int32(math.Ceil(value.Value / 1000)); of < needed {
				t.Logf("%.0f requests/s were served %s after the kill", value.Value, time.Since(killed).Round(time.Second))
				needed = of
			}
		}
		if replicas < needed || replicas > 3 {
			return fmt.Errorf("%s after the kill %d replicas are wanted, want %d to 3 by what was served", time.Since(killed), replicas, needed)
		}
		return nil
	})
	verified(3)
	t.Logf("served again %s after the kill", served.Round(time.Second))
	after.SetRate(4700)
	s.awaitReplicas(t, 5, scaling)
	eventually(t, 40*time.Second, func(ctx context.Context) error {
		return s.nodes(ctx, map[string]int{"primary": f.roles["primary"]}, f.killed.Addr, "")
	})
	if err := after.stop(); err != nil {
		t.Error(err)
	}
}

// nodes says how status.nodes differs from what is wanted: so many of each role, with version and sample, and the
// role of the node at an address, empty for none that answers there.
func (s *fixture) nodes(ctx context.Context, roles map[string]int, address, role string) error {
	out, err := s.redisField(ctx, "my-redis", "{.status.nodes}")
	if err != nil {
		return err
	}
	var nodes []v1alpha1.NodeStatus
	if err := json.Unmarshal([]byte(out), &nodes); err != nil {
		return fmt.Errorf("status.nodes is %q: %w", out, err)
	}
	seen := map[string]int{}
	for _, node := range nodes {
		if node.LastError == "" && node.Version != "" && node.LastSampleTime != nil {
			seen[node.Role]++
		}
	}
	for name, want := range roles {
		if seen[name] != want {
			return fmt.Errorf("status.nodes has %d of role %s, want %d: %s", seen[name], name, want, out)
		}
	}
	n := slices.IndexFunc(nodes, func(node v1alpha1.NodeStatus) bool { return node.Address == address && node.LastError == "" })
	if role == "" && n >= 0 || role != "" && (n < 0 || nodes[n].Role != role) {
		return fmt.Errorf("the node at %s is not %q: %s", address, role, out)
	}
	return nil
}

func addresses(servers []*redistest.Server) []any {
	var all []any
	for _, server := range servers {
		all = append(all, server.Addr)
	}
	return all
}
