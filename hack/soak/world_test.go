package soak

import (
	"os"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/faults"
	"github.com/redis-metrics/redis-metrics-adapter/hack/ledger"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// policy samples as fast as the schema lets, so that each fault is soon over. The
// window is long, so that a restart falls into many.
func policy() ledger.Policy {
	return ledger.Policy{Interval: time.Second, Timeout: 500 * time.Millisecond, Window: 5 * time.Second, MaxAge: 3 * time.Second}
}

// syncPeriod is how often the HPA controller looks.
const syncPeriod = time.Second

// world is all that a run needs.
type world struct {
	ledger    *ledger.Ledger
	plane     *cluster.Cluster
	client    kubernetes.Interface
	namespace string
	objects   *faults.Objects
	adapters  [2]*cluster.Adapter
	own       *own // nil where the adapters have nothing of their own
	lanes     []*lane
	scaled    *autoscaled

	saying sync.Mutex
	said   int // violations
}

// lane is an object, what stands behind it, and the faults that can befall it.
type lane struct {
	*faults.Subject
	scope faults.Scope
	where map[string]any
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{ledger: ledger.New(policy()), own: newOwn(t)}
	w.startPlane(t)
	p := w.ledger.Policy()
	w.objects = faults.NewObjects(dynamic.NewForConfigOrDie(w.plane.Config()), w.ledger, w.namespace, map[string]any{
		"sampling": map[string]any{
			"interval": p.Interval.String(), "timeout": p.Timeout.String(), "window": p.Window.String(), "maxAge": p.MaxAge.String(),
		},
		"metrics": []any{
			map[string]any{"name": ledger.Clock, "string": map[string]any{"key": ledger.Clock}},
			map[string]any{"name": ledger.Backlog, "list": map[string]any{"key": ledger.Backlog}},
			map[string]any{"name": ledger.Lag, "stream": map[string]any{"key": ledger.Events, "group": ledger.Workers, "measure": "Lag"}},
		},
	})
	w.behindLink(t)
	w.servers(t, "server-1", "server-2")
	w.named(t)
	w.sentinel(t)
	w.cluster(t)
	w.guarded(t, "credentials-1", "credentials-2")
	w.edited(t)
	return w
}

func (w *world) startPlane(t *testing.T) {
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
	if w.adapters[0], err = plane.StartAdapter(t.Context(), cluster.AdapterOptions{Launcher: w.own.launcher(0)}); err != nil {
		t.Fatal(err)
	}
	created, err := w.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "soak"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.namespace = created.Name
}

// load begins to load servers.
func (w *world) load(t *testing.T, client redis.UniversalClient) *ledger.Load {
	t.Helper()
	load := ledger.NewLoad(client, &ledger.Truth{})
	t.Cleanup(background(t.Context(), load.Run))
	if err := load.Fill(t.Context(), faults.Base); err != nil {
		t.Fatal(err)
	}
	return load
}

// standalone starts a server with load.
func (w *world) standalone(t *testing.T) (*redistest.Server, *ledger.Load) {
	t.Helper()
	server := redistest.New(t, faults.Arguments()...)
	return server, w.load(t, redis.NewClient(faults.OperatorOptions(server.Addr)))
}

func (w *world) lane(name string, scope faults.Scope, where map[string]any, s faults.Subject) {
	s.Ledger, s.Object = w.ledger, name
	w.lanes = append(w.lanes, &lane{Subject: &s, scope: scope, where: where})
}

func (w *world) behindLink(t *testing.T) {
	t.Helper()
	server, load := w.standalone(t)
	link, err := faults.NewLink(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	w.lane("network", faults.Network, faults.At(link.Address()), faults.Subject{Server: server, Load: load, Link: link})
}

func (w *world) servers(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		server, load := w.standalone(t)
		w.lane(name, faults.Server, faults.At(server.Addr), faults.Subject{Server: server, Load: load})
	}
}

func (w *world) sentinel(t *testing.T) {
	t.Helper()
	const name = "soaked"
	first := redistest.New(t, append(faults.Persistent(), "--repl-diskless-sync-delay", "0")...)
	all := append([]*redistest.Server{first}, first.Replicas(1, faults.Persistent()...)...)
	watching := redistest.NewSentinels(t, 3, name, first, 1)
	var addresses []string
	var named []any
	for _, one := range watching.Nodes {
		addresses, named = append(addresses, one.Addr), append(named, one.Addr)
	}
	load := w.load(t, redis.NewFailoverClient(ledger.FailoverOptions(name, addresses)))
	w.lane("sentinel", faults.Sentinel, map[string]any{"sentinel": map[string]any{"masterName": name, "addresses": named}},
		faults.Subject{Sentinels: watching, MasterName: name, Primaries: all, Load: load})
}

func (w *world) cluster(t *testing.T) {
	t.Helper()
	nodes := redistest.NewCluster(t, 3, 1, faults.ClusterArguments()...)
	var addresses []string
	var named []any
	for _, one := range nodes.Nodes {
		addresses, named = append(addresses, one.Addr), append(named, one.Addr)
	}
	load := w.load(t, redis.NewClusterClient(ledger.ClusterOptions(addresses)))
	w.lane("cluster", faults.Cluster, map[string]any{"cluster": map[string]any{"addresses": named}}, faults.Subject{Cluster: nodes, Load: load})
}

// guarded are servers that ask for a password, and objects that name a Secret.
func (w *world) guarded(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		server, load := w.standalone(t)
		secret, err := faults.NewSecret(t.Context(), w.client, w.objects, w.namespace, name, server.Addr)
		if err != nil {
			t.Fatal(err)
		}
		subject := faults.Subject{Server: server, Load: load, Secret: secret, Objects: w.objects}
		if err := subject.Accept(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.lane(name, faults.Credentials, secret.Where(), subject)
	}
}

// spare starts a server with load that differs from others.
func (w *world) spare(t *testing.T) (*redistest.Server, *ledger.Load) {
	t.Helper()
	server, load := w.standalone(t)
	for range 3 {
		if _, err := load.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return server, load
}

// edited is an object that is edited, and may name another server.
func (w *world) edited(t *testing.T) {
	t.Helper()
	server, load := w.standalone(t)
	spare, other := w.spare(t)
	w.lane("object", faults.Object, faults.At(server.Addr), faults.Subject{
		Server: server, Load: load, Spare: other, SpareAddress: spare.Addr, Objects: w.objects,
	})
}

// whole is the subject of faults that befall all objects.
func (w *world) whole() *faults.Subject {
	edited := w.lanes[len(w.lanes)-1].Subject
	return &faults.Subject{
		Ledger: w.ledger, Object: "all objects", Load: edited.Load, Server: edited.Server, Spare: edited.Spare, SpareAddress: edited.SpareAddress,
		Objects: w.objects, Plane: w.plane, Adapters: w.adapters, Clock: w.own.clock(),
	}
}

// open makes the objects and a second replica of the adapter, which begins to sample later, and waits until all is known.
func (w *world) open(t *testing.T) {
	t.Helper()
	warm := w.ledger.Begin("warm-up", ledger.Effect{Levels: ledger.Renews, Rates: ledger.Renews, Within: 4 * policy().Interval})
	warm.Lasts()
	for _, one := range w.lanes {
		if err := w.objects.Make(t.Context(), one.Object, one.where, one.Load.Truth()); err != nil {
			t.Fatal(err)
		}
	}
	edited := w.lanes[len(w.lanes)-1]
	if err := w.objects.Make(t.Context(), faults.Recreated, edited.where, edited.Load.Truth()); err != nil {
		t.Fatal(err)
	}
	var err error
	w.adapters[1], err = w.plane.StartAdapter(t.Context(), cluster.AdapterOptions{
		Name: cluster.AdapterName + "-1", Standby: true, Launcher: w.own.launcher(1),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.scaled = autoscale(t, w)
	warm.Lifts()
	warm.Repaired()
}

// logs tells the end of the adapters' logs.
func (w *world) logs(t *testing.T) {
	t.Helper()
	for n, one := range w.adapters {
		t.Logf("the end of the log of adapter %d:\n%s", n, one.LogTail(40))
	}
}
