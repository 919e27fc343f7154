package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

var planes = []string{
	cluster.Etcd, cluster.APIServer, cluster.ControllerManager, cluster.Scheduler, cluster.Kwok,
}

// TestControlPlane walks through the life of a control plane: pods become ready, a namespace goes, a process dies and
// comes back, and nothing is left in the end.
func TestControlPlane(t *testing.T) {
	ctx := t.Context()
	kept := t.TempDir()
	c, err := cluster.Start(ctx, cluster.Options{Log: t.Output(), KeepLogs: kept})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	client := kubernetes.NewForConfigOrDie(c.Config())

	t.Run("a StatefulSet gets ready pods", func(t *testing.T) { testStatefulSet(t, c, client) })
	t.Run("a namespace is deleted with its pods", func(t *testing.T) { testNamespaceDeletion(t, client) })
	t.Run("kubectl works", func(t *testing.T) { testKubectl(t, c) })
	t.Run("a service account has its own rights only", func(t *testing.T) { testServiceAccount(t, c) })
	t.Run("a killed API server comes back", func(t *testing.T) { testRestart(t, c) })
	t.Run("a halted process can be stopped", func(t *testing.T) { testHalted(t, c) })
	t.Run("nothing is left after Stop", func(t *testing.T) { testStop(t, c, kept) })
}

const statefulSet = `
apiVersion: v1
kind: Namespace
metadata:
  name: stateful
  labels: {pod-security.kubernetes.io/enforce: restricted}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: app, namespace: stateful}
spec:
  replicas: 2
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: app
        image: app
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

func testStatefulSet(t *testing.T, c *cluster.Cluster, client kubernetes.Interface) {
	ctx := t.Context()
	if _, err := c.KubectlInput(ctx, strings.NewReader(statefulSet), "create", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		set, err := client.AppsV1().StatefulSets("stateful").Get(ctx, "app", metav1.GetOptions{})
		if err == nil && set.Status.ReadyReplicas != 2 {
			err = fmt.Errorf("%d of 2 replicas are ready", set.Status.ReadyReplicas)
		}
		return err
	})
}

func testNamespaceDeletion(t *testing.T, client kubernetes.Interface) {
	if err := client.CoreV1().Namespaces().Delete(t.Context(), "stateful", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		_, err := client.CoreV1().Namespaces().Get(ctx, "stateful", metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err == nil:
			return errors.New("the namespace still exists")
		}
		return err
	})
}

func testKubectl(t *testing.T, c *cluster.Cluster) {
	out, err := c.Kubectl(t.Context(), "get", "nodes", "-o", "name")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out, "node/node-"); got != 3 {
		t.Errorf("kubectl get nodes printed %d nodes, want 3:\n%s", got, out)
	}
	if _, err := c.Kubectl(t.Context(), "get", "service", "absent"); err == nil || !strings.Contains(err.Error(), `"absent" not found`) {
		t.Errorf("kubectl get of what does not exist: %v, want kubectl's own message", err)
	}
}

func testServiceAccount(t *testing.T, c *cluster.Cluster) {
	path, err := c.KubeconfigForServiceAccount(t.Context(), "default", "default")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = kubernetes.NewForConfigOrDie(config).CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("the default service account lists Secrets: %v, want forbidden", err)
	}
}

func testRestart(t *testing.T, c *cluster.Cluster) {
	server := c.Process(cluster.APIServer)
	before := server.PID()
	if err := server.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Err(); err != nil {
		t.Errorf("a process that a test killed counts as failed: %v", err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := server.PID(); after == 0 || after == before {
		t.Errorf("process id after the restart is %d, before it was %d", after, before)
	}
	if _, err := c.Kubectl(t.Context(), "get", "namespaces"); err != nil {
		t.Error(err)
	}
}

func testHalted(t *testing.T, c *cluster.Cluster) {
	scheduler := c.Process(cluster.Scheduler)
	if err := scheduler.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := scheduler.Stop(); err != nil {
		t.Fatal(err)
	}
	if pid := scheduler.PID(); pid != 0 {
		t.Errorf("the scheduler still runs as %d", pid)
	}
	if err := scheduler.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func testStop(t *testing.T, c *cluster.Cluster, kept string) {
	if err := c.Err(); err != nil {
		t.Errorf("something died on the way: %v", err)
	}
	var pids []int
	for _, name := range planes {
		pid := c.Process(name).PID()
		if pid == 0 {
			t.Errorf("%s does not run before Stop", name)
			continue
		}
		pids = append(pids, pid)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
	if _, err := os.Stat(c.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary directory %s is still there: %v", c.Dir(), err)
	}
	for _, name := range planes {
		if log, err := os.ReadFile(filepath.Join(kept, filepath.Base(c.Dir()), name+".log")); err != nil || len(log) == 0 {
			t.Errorf("the log of %s was not kept: %d bytes, %v", name, len(log), err)
		}
	}
	if err := c.Stop(); err != nil {
		t.Errorf("a second Stop: %v", err)
	}
}

// TestTwoAPIServers halts each of two API servers, and asks the other. Then it asks by the URL that leads to both.
func TestTwoAPIServers(t *testing.T) {
	c, err := cluster.Start(t.Context(), cluster.Options{SecondAPIServer: filepath.Join(os.Getenv("BIN_DIR"), cluster.APIServer)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	servers := c.APIServers()
	if len(servers) != 2 {
		t.Fatalf("%d API servers, want 2", len(servers))
	}
	ready := func(flags ...string) error {
		_, err := c.Kubectl(t.Context(), append(flags, "get", "--raw", "/readyz")...)
		return err
	}
	for url, halted := range servers {
		if err := halted.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		if err := ready("--server="+url, "--request-timeout=1s"); err == nil {
			t.Errorf("%s answers although its API server is halted", url)
		}
		for other := range servers {
			if other == url {
				continue
			}
			if err := ready("--server=" + other); err != nil {
				t.Error(err)
			}
		}
		if err := halted.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	for range servers {
		if err := ready(); err != nil {
			t.Error(err)
		}
	}
}

// TestStartFailure shows that a process that dies on the way ends the start at once, says why, and leaves nothing.
func TestStartFailure(t *testing.T) {
	c, err := cluster.Start(t.Context(), cluster.Options{
		Dir:       t.TempDir(),
		ExtraArgs: map[string][]string{cluster.APIServer: {"--no-such-flag"}},
	})
	if c != nil {
		_ = c.Stop()
	}
	if err == nil {
		t.Fatal("a control plane with a wrong flag started")
	}
	for _, want := range []string{"kube-apiserver ended unexpectedly", "unknown flag: --no-such-flag"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}

func eventually(t *testing.T, limit time.Duration, check func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, limit, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatalf("not within %v: %v", limit, last)
	}
}
