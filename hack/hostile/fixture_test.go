package hostile

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/launcher"
)

const (
	tenantNamespace  = "team-a"
	healthyNamespace = "team-b"
	// tenantHost and healthyHost are Services of either namespace, to the adapter.
	tenantHost  = "redis." + tenantNamespace + ".svc"
	healthyHost = "redis." + healthyNamespace + ".svc"
)

var redises = schema.GroupVersionResource{Group: "redis-metrics.dev", Version: "v1alpha1", Resource: "redises"}

type fixture struct {
	*cluster.Cluster
	adapter *cluster.Adapter
	client  kubernetes.Interface
	objects dynamic.Interface
	redises dynamic.NamespaceableResourceInterface
}

func newFixture(t *testing.T, memory *memoryGroup) *fixture {
	t.Helper()
	plane, err := cluster.Start(t.Context(), cluster.Options{
		Log: os.Stderr, Nodes: 1,
		// etcd keeps all that is written, so that its growth can be told apart by who wrote.
		ExtraArgs: map[string][]string{cluster.APIServer: {"--etcd-compaction-interval=0"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	w := &fixture{Cluster: plane, client: kubernetes.NewForConfigOrDie(plane.Config()), objects: dynamic.NewForConfigOrDie(plane.Config())}
	w.redises = w.objects.Resource(redises)
	named := filepath.Join(t.TempDir(), "hosts")
	if _, err := launcher.NewHosts(named, tenantHost, healthyHost); err != nil {
		t.Fatal(err)
	}
	program, err := filepath.Abs(filepath.Join(os.Getenv("BIN_DIR"), "launcher"))
	if err != nil {
		t.Fatal(err)
	}
	w.adapter, err = plane.StartAdapter(t.Context(), cluster.AdapterOptions{
		Launcher: append(memory.command(), launcher.Options{Hosts: named}.Command(program)...),
		// Whatever a server names, no packet leaves this machine.
		ExtraArgs: []string{"--allow-addresses=127.0.0.0/8"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{tenantNamespace, healthyNamespace} {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := w.client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// user returns a configuration of a user who has a role in the tenant's namespace, and nothing else.
func (w *fixture) user(t *testing.T, name, role string) *rest.Config {
	t.Helper()
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
	}
	if _, err := w.client.RbacV1().RoleBindings(tenantNamespace).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	config := w.Config()
	config.Impersonate.UserName, config.QPS, config.Timeout = name, -1, 10*time.Second
	return config
}

func redis(name string, spec map[string]any) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": redises.GroupVersion().String(), "kind": "Redis", "spec": spec,
	}}
	object.SetName(name)
	return object
}

// attacks returns the attacks that the flags leave, each of which lasts until its context ends.
func (w *fixture) attacks(t *testing.T, did *tally) (chosen []func(context.Context)) {
	t.Helper()
	edit := w.user(t, "tenant", "edit")
	intruder := &tenant{
		redises: dynamic.NewForConfigOrDie(edit).Resource(redises).Namespace(tenantNamespace),
		client:  kubernetes.NewForConfigOrDie(edit), servers: hostileServers(t, w, did), did: did,
	}
	intruder.awaitRights(t)
	asking := &viewer{kubernetes.NewForConfigOrDie(w.user(t, "viewer", "view")).CoreV1().RESTClient(), did}
	nobody := &anonymous{base: w.adapter.BaseURL(), did: did}
	for name, attack := range map[string]func(context.Context){
		"tenant replaces objects":        intruder.replace,
		"tenant edits objects":           intruder.edit,
		"tenant tries what is forbidden": intruder.trespass,
		"tenant scales":                  intruder.autoscale,
		"viewer reads":                   asking.read,
		"viewer watches":                 asking.watch,
		"anonymous and slow":             nobody.dawdle,
		"anonymous and unread":           nobody.leaveUnread,
		"anonymous at wrong paths":       nobody.wander,
		"anonymous and mute":             nobody.idle,
	} {
		if strings.Contains(name, *only) {
			chosen = append(chosen, attack)
		}
	}
	if len(chosen) == 0 {
		t.Fatalf("no attack has %q in its name", *only)
	}
	return chosen
}
