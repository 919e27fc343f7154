package soak

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/backend"
	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// policy samples as fast as the schema lets, so that each fault is soon over. The
// window is long, so that a restart falls into many.
func policy() verifier.Policy {
	return verifier.Policy{Interval: time.Second, Timeout: 500 * time.Millisecond, Window: 5 * time.Second, MaxAge: 3 * time.Second}
}

const syncPeriod = time.Second

// fixture is all that a run needs.
type fixture struct {
	end       time.Time // of the rounds after the first, which is always whole
	verifier  *verifier.Verifier
	plane     *cluster.Cluster
	client    kubernetes.Interface
	namespace string
	objects   *faults.Objects
	adapters  [2]*cluster.Adapter
	proxies   [2]*faults.APIProxy // before the API server, for each adapter
	backend   *backend.Backend    // nil where no adapter could know its name
	own       *own                // nil where the adapters have nothing of their own
	lanes     []*lane
	leftOut   []string // names of faults that the run does without
	scaled    *autoscaled
	// programs are what servers are started of, in turn.
	programs []redistest.Program

	saying sync.Mutex
	said   int // violations
}

// lane is an object, what stands behind it, and the faults that can affect it.
type lane struct {
	*faults.Subject
	scope    faults.Scope
	where    map[string]any
	program  redistest.Program
	expected []verifier.Expectation
}

func newFixture(t *testing.T, programs []redistest.Program) *fixture {
	t.Helper()
	w := &fixture{verifier: verifier.New(policy()), own: newOwn(t), programs: programs}
	w.startPlane(t)
	w.objects = faults.NewObjects(dynamic.NewForConfigOrDie(w.plane.Config()), w.verifier, w.namespace, common(w.verifier.Policy()))
	w.behindLink(t)
	w.servers(t, "server-1", "server-2")
	w.named(t)
	for _, program := range programs {
		w.sentinel(t, program)
		w.cluster(t, program)
	}
	w.replicated(t)
	w.reportedInfo(t)
	w.delegating(t)
	w.guarded(t, "credentials-1", "credentials-2")
	w.edited(t)
	return w
}

// common is the spec of objects but for where their servers are.
func common(p verifier.Policy) map[string]any {
	return map[string]any{
		"sampling": map[string]any{
			"interval": p.Interval.String(), "timeout": p.Timeout.String(), "window": p.Window.String(), "maxAge": p.MaxAge.String(),
		},
		"metrics": verifier.Declarations(),
	}
}

func (w *fixture) startPlane(t *testing.T) {
	t.Helper()
	plane, err := cluster.Start(t.Context(), cluster.Options{
		Log: os.Stderr, HPASyncPeriod: syncPeriod, HPADownscaleStabilization: time.Second,
		// A step of the load is one part of as many as there are replicas, and has to be followed all the same.
		ExtraArgs: map[string][]string{cluster.ControllerManager: {"--horizontal-pod-autoscaler-tolerance=0.0001"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	w.plane = plane
	if w.client, err = kubernetes.NewForConfig(plane.Config()); err != nil {
		t.Fatal(err)
	}
	w.startBackend(t)
	for n := range w.proxies {
		if w.proxies[n], err = faults.NewAPIProxy(plane, fmt.Sprint("api-proxy-", n)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = w.proxies[n].Close() })
	}
	if w.adapters[0], err = plane.StartAdapter(t.Context(), w.options(0)); err != nil {
		t.Fatal(err)
	}
	created, err := w.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "soak"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.namespace = created.Name
}

func (w *fixture) load(t *testing.T, client redis.UniversalClient) *verifier.Load {
	t.Helper()
	load := verifier.NewLoad(client, &verifier.Truth{})
	t.Cleanup(verifier.Background(t.Context(), load.Run))
	if err := load.Fill(t.Context(), faults.Base); err != nil {
		t.Fatal(err)
	}
	return load
}

func (w *fixture) next() redistest.Program {
	program := w.programs[0]
	w.programs = append(w.programs[1:], program)
	return program
}

// standalone starts a server with load and idle clients.
func (w *fixture) standalone(t *testing.T, program redistest.Program) (*redistest.Server, *verifier.Load) {
	t.Helper()
	server := program.New(t, faults.Arguments()...)
	load := w.load(t, redis.NewClient(faults.OperatorOptions(server.Addr)))
	if err := load.Started(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(verifier.Background(t.Context(), faults.IdleClients(server.Addr, load).Run))
	return server, load
}

// lane adds an object of servers, one of which is asked for the fields that INFO has.
func (w *fixture) lane(t *testing.T, name string, scope faults.Scope, topology verifier.Topology, server *redistest.Server, where map[string]any, s faults.Subject) {
	t.Helper()
	s.Verifier, s.Object = w.verifier, name
	third := ""
	if s.Cluster != nil {
		third = s.Cluster.Nodes[2].ID()
	}
	client := server.Client()
	if topology == verifier.Standalone {
		client = redis.NewClient(faults.OperatorOptions(server.Addr))
		defer func() { _ = client.Close() }()
	}
	info, err := client.Info(t.Context(), "everything").Result()
	if err != nil {
		t.Fatal(err)
	}
	s.Load.Truth().Returns()
	readers := 1 // the other replica of the adapter
	if scope == faults.Object {
		readers = 3 // and both, by an object that is made again
	}
	expected := verifier.Expectations(topology, third, readers, func(field string) bool { return strings.Contains(info, "\n"+field+":") })
	w.verifier.Expect(name, expected)
	w.lanes = append(w.lanes, &lane{Subject: &s, scope: scope, where: where, program: server.Program, expected: expected})
}

func (w *fixture) behindLink(t *testing.T) {
	t.Helper()
	server, load := w.standalone(t, w.next())
	link := w.link(t, server)
	w.lane(t, "network", faults.Network, verifier.Standalone, server, faults.At(link.Address()), faults.Subject{Server: server, Load: load, Link: link})
}

func (w *fixture) link(t *testing.T, server *redistest.Server) *faults.Link {
	t.Helper()
	link, err := faults.NewLink(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	return link
}

func (w *fixture) servers(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		server, load := w.standalone(t, w.next())
		w.lane(t, name, faults.Server, verifier.Standalone, server, faults.At(server.Addr), faults.Subject{Server: server, Load: load})
	}
}

// guarded are servers that ask for a password, and objects that name a Secret.
func (w *fixture) guarded(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		server, load := w.standalone(t, w.next())
		secret, err := faults.NewSecret(t.Context(), w.client, w.objects, w.namespace, name, server.Addr)
		if err != nil {
			t.Fatal(err)
		}
		subject := faults.Subject{Server: server, Load: load, Secret: secret, Objects: w.objects}
		if err := subject.Accept(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.lane(t, name, faults.Credentials, verifier.Standalone, server, secret.Where(), subject)
	}
}

func (w *fixture) spare(t *testing.T, of *redistest.Server) (*redistest.Server, *verifier.Load) {
	t.Helper()
	server, load := w.standalone(t, of.Program)
	for range 3 {
		if _, err := load.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return server, load
}

// edited is an object that is edited, and may name another server.
func (w *fixture) edited(t *testing.T) {
	t.Helper()
	server, load := w.standalone(t, w.next())
	spare, other := w.spare(t, server)
	w.lane(t, "object", faults.Object, verifier.Standalone, server, faults.At(server.Addr), faults.Subject{
		Server: server, Load: load, Spare: other, SpareAddress: spare.Addr, Objects: w.objects,
	})
}

func (w *fixture) whole() *faults.Subject {
	edited := w.lanes[len(w.lanes)-1].Subject
	return &faults.Subject{
		Verifier: w.verifier, Object: "all objects", Load: edited.Load, Server: edited.Server, Spare: edited.Spare, SpareAddress: edited.SpareAddress,
		Objects: w.objects, Plane: w.plane, Adapters: w.adapters, APIProxies: w.proxies, Clock: w.own.clock(),
	}
}

// open makes the objects and a second replica of the adapter, which begins to sample later, and waits until all is known.
func (w *fixture) open(t *testing.T) {
	t.Helper()
	warm := w.verifier.Begin(verifier.WarmUp, verifier.Effect{Levels: verifier.Renews, Rates: verifier.Renews, Within: 6 * policy().Interval})
	warm.Lasts()
	for _, one := range w.lanes {
		if err := w.objects.Make(t.Context(), one.Object, one.where, one.Load.Truth()); err != nil {
			t.Fatal(err)
		}
	}
	edited := w.lanes[len(w.lanes)-1]
	w.verifier.Expect(faults.Recreated, edited.expected)
	if err := w.objects.Make(t.Context(), faults.Recreated, edited.where, edited.Load.Truth()); err != nil {
		t.Fatal(err)
	}
	w.verifier.Expect(faults.Revised, []verifier.Expectation{verifier.Revisions()})
	if err := w.objects.MakeRevised(t.Context(), edited.Server.Addr); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.adapters[1], err = w.plane.StartAdapter(t.Context(), w.options(1)); err != nil {
		t.Fatal(err)
	}
	for _, one := range w.lanes {
		one.Adapters = w.adapters
	}
	w.scaled = autoscale(t, w)
	warm.Lifts()
	warm.Repaired()
}

func (w *fixture) logs(t *testing.T) {
	t.Helper()
	for n, one := range w.adapters {
		t.Logf("the end of the log of adapter %d:\n%s", n, one.LogTail(400))
	}
}
