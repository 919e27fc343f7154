package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/image"
	"github.com/redis-metrics/redis-metrics-adapter/hack/node"
)

const (
	// syncPeriod is how often the HPA controller looks here; upstream looks every 15 s.
	syncPeriod = 5 * time.Second
	// stabilization is for how long a lower recommendation must hold; upstream waits 5 minutes.
	stabilization = 10 * time.Second
	// deployed is how long it may take from applying the manifests until the metrics are served.
	deployed = 60 * time.Second
)

const (
	namespace = "redis-metrics-adapter"
	// nextImage is what the adapter is upgraded to: the same program under another tag.
	nextImage = "redis-metrics-adapter:next"
)

// fixture is the node that the tests share, with the adapter deployed.
type fixture struct {
	*node.Node
	client kubernetes.Interface
	// before is what the cluster held when nothing was applied yet.
	before map[string]bool
	// started and served are how long control plane and node took to start, and the metrics to be served once kubectl
	// apply was begun.
	started, served time.Duration
}

var shared fixture

func TestMain(m *testing.M) {
	os.Exit(node.RunTests(func(namespaces node.Namespaces) int { return run(m, namespaces) }))
}

func run(m *testing.M, namespaces node.Namespaces) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	began := time.Now()
	n, err := node.Start(ctx, namespaces, cluster.Options{
		Log: os.Stderr, HPASyncPeriod: syncPeriod, HPADownscaleStabilization: stabilization,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		return 1
	}
	shared = fixture{Node: n, started: time.Since(began)}
	code := 1
	if err := shared.prepare(ctx, namespaces); err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, "node:", err)
	}
	if err := n.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		code = 1
	}
	if code != 0 {
		explain(ctx, n)
	}
	if err := n.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		return 1
	}
	return code
}

func (f *fixture) prepare(ctx context.Context, namespaces node.Namespaces) error {
	var err error
	if f.client, err = kubernetes.NewForConfig(f.Config()); err != nil {
		return err
	}
	if f.before, err = f.objects(ctx); err != nil {
		return err
	}
	bin := os.Getenv("BIN_DIR")
	adapter := filepath.Join(bin, "redis-metrics-adapter")
	redis, err := image.Redis(ctx, "redis:node")
	if err != nil {
		return err
	}
	for _, each := range []image.Image{
		image.Adapter("redis-metrics-adapter:dev", adapter, runtime.GOARCH, "dev"),
		image.Adapter(nextImage, adapter, runtime.GOARCH, "next"),
		image.Program("traffic:node", filepath.Join(bin, "traffic")),
		image.Program("worker:node", filepath.Join(bin, "worker")),
		redis,
	} {
		if err := f.Import(ctx, each); err != nil {
			return err
		}
	}
	return f.deploy(ctx, namespaces)
}

func (f *fixture) deploy(ctx context.Context, namespaces node.Namespaces) error {
	overlay := filepath.Join(namespaces.Dir, "overlay")
	if err := writeOverlay(overlay, "ha"); err != nil {
		return err
	}
	began := time.Now()
	if _, err := f.Kubectl(ctx, "apply", "-k", overlay); err != nil {
		return err
	}
	if err := eventually(ctx, deployed, f.available); err != nil {
		return fmt.Errorf("the APIServices are not available %s after kubectl apply: %w", deployed, err)
	}
	f.served = time.Since(began)
	return nil
}

// writeOverlay writes a kustomization of the base with components, as deploy/README.md has users do.
func writeOverlay(dir string, components ...string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	deploy, err := filepath.Abs(filepath.Join("..", "..", "..", "deploy"))
	if err != nil {
		return err
	}
	below, err := filepath.Rel(dir, deploy)
	if err != nil {
		return err
	}
	text := "resources:\n- " + below + "/base\ncomponents:\n"
	for _, component := range components {
		text += "- " + below + "/components/" + component + "\n"
	}
	return os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600)
}

// available says which of the APIServices is not served.
func (f fixture) available(ctx context.Context) error {
	const condition = `jsonpath={.status.conditions[?(@.type=="Available")]}`
	for _, version := range []string{"v1beta1", "v1beta2"} {
		text, err := f.Kubectl(ctx, "get", "apiservice", version+".custom.metrics.k8s.io", "-o", condition)
		if err != nil {
			return err
		}
		if !strings.Contains(text, `"status":"True"`) {
			return errors.New(text)
		}
	}
	return nil
}

func explain(ctx context.Context, n *node.Node) {
	for _, args := range []string{
		"get pods,hpa,redis -A -o wide", "get events -A --sort-by=.lastTimestamp",
		"logs -n " + namespace + " -l app.kubernetes.io/name=redis-metrics-adapter --tail=40",
	} {
		text, err := n.Kubectl(ctx, strings.Fields(args)...)
		fmt.Fprintf(os.Stderr, "kubectl %s:\n%s", args, text)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

// eventually repeats a look until it finds nothing wrong, or returns what it found last.
func eventually(ctx context.Context, within time.Duration, look func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, within, true, func(ctx context.Context) (bool, error) {
		if err := look(ctx); err != nil {
			if ctx.Err() == nil {
				last = err
			}
			return false, nil
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("not within %s: %w", within, last)
	}
	return nil
}

// await repeats a look until it finds nothing wrong, and fails the test if it always does.
func await(t *testing.T, within time.Duration, look func(context.Context) error) {
	t.Helper()
	if err := eventually(t.Context(), within, look); err != nil {
		t.Fatal(err)
	}
}

func (f fixture) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := f.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
