package hostile

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	// healthyServers share healthyObjects evenly.
	healthyServers, healthyObjects = 5, 20
	perSecond                      = 200
	// leastJobs is how many entries the list of the first object has, the others one more each.
	leastJobs = 100
	// warmUp is how long all metrics of healthy objects may take to be known.
	warmUp = time.Minute
)

// Metrics that healthy objects are asked for: a rate that is built in, and a level that they declare.
const requests, jobs = "requests-per-second", "jobs-waiting"

type healthy struct {
	name string
	jobs int
	// truth is that of its server.
	truth *verifier.Truth
}

// list is the key that no other object reads.
func (h *healthy) list() string { return listPrefix + h.name }

const listPrefix = "jobs:"

type team struct {
	api     *verifier.API
	servers []*redistest.Server
	objects []*healthy
	late    *lateness
}

func newTeam(t *testing.T, w *fixture) *team {
	t.Helper()
	api, err := verifier.NewAPI(verifier.AsAutoscaler(w.Config()), healthyNamespace)
	if err != nil {
		t.Fatal(err)
	}
	all := &team{api: api, late: newLateness()}
	var truths []*verifier.Truth
	for range healthyServers {
		server := redistest.New(t)
		all.servers = append(all.servers, server)
		truths = append(truths, drive(t, server.Addr))
		all.late.watch(t, server.Addr)
	}
	for n := range healthyObjects {
		h := &healthy{name: fmt.Sprintf("healthy-%02d", n), jobs: leastJobs + n, truth: truths[n%healthyServers]}
		entries := make([]any, h.jobs)
		for i := range entries {
			entries[i] = i
		}
		all.servers[n%healthyServers].Do(append([]any{"rpush", h.list()}, entries...)...)
		spec := map[string]any{"address": all.address(n), "metrics": declared(h.list())}
		if _, err := w.redises.Namespace(healthyNamespace).Create(t.Context(), redis(h.name, spec), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		all.objects = append(all.objects, h)
	}
	return all
}

func (a *team) address(n int) string {
	_, port, _ := net.SplitHostPort(a.servers[n%healthyServers].Addr)
	return net.JoinHostPort(healthyHost, port)
}

func declared(key string) []any {
	return []any{map[string]any{"name": jobs, "list": map[string]any{"key": key}}}
}

// drive sends requests to a server, and returns what is known of it.
func drive(t *testing.T, address string) *verifier.Truth {
	t.Helper()
	driver, truth := traffic.New(address), &verifier.Truth{}
	driver.SetRate(perSecond)
	t.Cleanup(verifier.Background(t.Context(), func(ctx context.Context) {
		if err := driver.Run(ctx, truth.Answered); err != nil {
			t.Errorf("the load of a healthy server ended: %v", err)
		}
	}))
	return truth
}

// awaitKnown returns once each metric of each object is known. What is unknown until then is due to the start.
func (a *team) awaitKnown(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), warmUp)
	defer cancel()
	for _, h := range a.objects {
		for _, metric := range []string{requests, jobs} {
			if _, err := awaitAnswer(ctx, a.api, h.name, metric, known); err != nil {
				t.Fatalf("%s of %s is not known before the attack: %v", metric, h.name, err)
			}
		}
	}
}

const looking = 100 * time.Millisecond

func known(err error) bool { return err == nil }

// awaitAnswer asks for a metric until the answer is as it shall be, and returns when it was.
func awaitAnswer(ctx context.Context, api *verifier.API, object, metric string, so func(error) bool) (at time.Time, err error) {
	failure := wait.PollUntilContextCancel(ctx, looking, true, func(ctx context.Context) (bool, error) {
		_, _, _, err = api.Value(ctx, object, verifier.Expectation{Metric: metric})
		return so(err), nil
	})
	if failure != nil {
		return time.Time{}, errors.Join(failure, err)
	}
	return time.Now(), nil
}
