package hostile

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// tenantObjects is how many objects the tenant has, without a quota.
	tenantObjects = 180
	// replacements is how often all of them are deleted and made again.
	replacements = 4
	// editEvery is how often one of them is edited, and trespassEvery how often something is tried that is forbidden.
	editEvery, trespassEvery = time.Second, 200 * time.Millisecond
)

const (
	madeObjects    = "objects made by the tenant"
	editedObjects  = "objects edited by the tenant"
	refusedObjects = "objects of the tenant that were refused"
)

// tenant has the role edit in a namespace.
type tenant struct {
	redises dynamic.ResourceInterface
	client  kubernetes.Interface
	servers []server
	did     *tally
}

func (a *tenant) awaitRights(t *testing.T) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), looking, 15*time.Second, true, func(ctx context.Context) (bool, error) {
		_, last = a.redises.Create(ctx, redis("awaited", a.spec(0, 0)), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return last == nil, nil
	})
	if err != nil {
		t.Fatal(last)
	}
}

func hostileName(n int) string { return fmt.Sprintf("hostile-%03d", n) }

// spec is that of an object, which differs each round.
func (a *tenant) spec(n, round int) map[string]any {
	spec := maps.Clone(a.servers[n%len(a.servers)].where)
	spec["sampling"] = map[string]any{"interval": "1s", "timeout": "900ms", "window": "60s", "maxAge": "60s"}
	switch n / len(a.servers) % 4 {
	case 1:
		spec["metrics"] = wide(round)
	case 2:
		spec["metrics"] = expressions(round)
	case 3:
		spec["metrics"] = scans()
	}
	return spec
}

// wide declares as many metrics as an object may, in 8 KB.
func wide(round int) (metrics []any) {
	for n := range 50 {
		name := fmt.Sprintf("metric-%02d-%02d-%s", n, round, strings.Repeat("m", 30))
		metrics = append(metrics, map[string]any{"name": name, "list": map[string]any{"key": strings.Repeat("k", 80)}})
	}
	return metrics
}

// expressions declares expressions of the greatest length, each with a text of its own.
func expressions(round int) (metrics []any) {
	for n := range 4 {
		text := fmt.Sprintf("%d.0", anyNumber())
		for len(text) < 1900 {
			text += fmt.Sprintf(` + math.greatest(metric("keys"), %d.0) * metric("connected-clients")`, anyNumber())
		}
		metrics = append(metrics, map[string]any{"name": fmt.Sprintf("expression-%d-%d", round, n), "expression": text})
	}
	return metrics
}

// scans declares what costs a server, and the adapter, the most.
func scans() (metrics []any) {
	for n, measure := range []string{"Count", "Length", "Value"} {
		keys := map[string]any{"pattern": "*", "measure": measure, "limit": int64(100_000)}
		if measure == "Length" {
			keys["type"] = "list"
		}
		metrics = append(metrics, map[string]any{"name": fmt.Sprintf("scan-%d", n), "keys": keys})
	}
	return metrics
}

// replace deletes all objects and makes them again, as fast as that goes, some times until ctx ends.
func (a *tenant) replace(ctx context.Context) {
	a.did.expect(madeObjects)
	for _, one := range a.servers {
		a.did.expect(connectionsTo + one.name)
	}
	round := 0
	verifier.Paced(ctx, *duration/replacements, func(int) {
		round++
		for n := 0; n < tenantObjects && ctx.Err() == nil; n++ {
			if round > 1 {
				_ = a.redises.Delete(ctx, hostileName(n), metav1.DeleteOptions{})
			}
			_, err := a.redises.Create(ctx, redis(hostileName(n), a.spec(n, round)), metav1.CreateOptions{})
			switch {
			case err == nil:
				a.did.count(madeObjects, 1)
			case denied(err):
				a.did.violate(fmt.Sprintf("the object of a server that is %q was not made: %v", a.servers[n%len(a.servers)].name, err))
			}
		}
	})
}

func (a *tenant) edit(ctx context.Context) {
	a.did.expect(editedObjects)
	verifier.Paced(ctx, editEvery, func(n int) {
		patch := fmt.Sprintf(`{"spec":{"sampling":{"window":"%ds"}}}`, 30+n%30)
		if _, err := a.redises.Patch(ctx, hostileName(7*n%tenantObjects), types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err == nil {
			a.did.count(editedObjects, 1)
		}
	})
}

func (a *tenant) trespass(ctx context.Context) {
	a.did.expect(refusedObjects)
	attempts := forbiddenSpecs()
	verifier.Paced(ctx, trespassEvery, func(n int) {
		if n%(len(attempts)+1) == len(attempts) {
			a.forge(ctx, n)
			return
		}
		name := fmt.Sprintf("forbidden-%02d", n%(len(attempts)+1))
		_, err := a.redises.Create(ctx, redis(name, attempts[n%(len(attempts)+1)]), metav1.CreateOptions{})
		a.refused(name, err)
	})
}

func (a *tenant) forge(ctx context.Context, n int) {
	name := hostileName(n % tenantObjects)
	_, err := a.redises.Patch(ctx, name, types.MergePatchType, []byte(`{"status":{"endpoint":"forged"}}`), metav1.PatchOptions{}, "status")
	a.refused("the status of "+name, err)
}

func (a *tenant) refused(what string, err error) {
	switch {
	case denied(err):
		a.did.count(refusedObjects, 1)
	case err == nil:
		a.did.violate(what + " was not refused")
	}
}

// denied reports whether a schema, a policy or a role was in the way, and not the load of the API server.
func denied(err error) bool { return apierrors.IsInvalid(err) || apierrors.IsForbidden(err) }

// forbiddenSpecs are those that the schema or a policy refuses.
func forbiddenSpecs() []map[string]any {
	own := tenantHost + ":6379"
	declared := wide(0)
	return []map[string]any{
		{"address": healthyHost + ":6379"},
		{"address": "169.254.169.254:80"},
		{"address": "127.0.0.1:6379"},
		{"address": "unix:///var/run/redis/redis.sock"},
		{"address": strings.Repeat("a", 1<<16)},
		{"address": own, "metrics": []any{map[string]any{"name": "evil", "script": map[string]any{"source": "while true do end"}}}},
		{"address": own, "metrics": append(declared, map[string]any{"name": "one-more", "list": map[string]any{"key": "k"}})},
		{"address": own, "metrics": []any{map[string]any{"name": "long", "expression": strings.Repeat(`metric("keys") + `, 1000) + "1.0"}}},
		{"address": own, "sampling": map[string]any{"interval": "1ms"}},
		{"address": own, "cluster": map[string]any{"addresses": []any{own}}},
		{"sentinel": map[string]any{"masterName": "m", "addresses": []any{own, healthyHost + ":26379"}}},
		{},
	}
}
