package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/redis-metrics/redis-metrics-adapter/hack/backend"
	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// namespace is where all objects of the bench are.
	namespace = "bench"
	// minimalName names the adapter that answers without knowing anything.
	minimalName = "minimal-adapter"
)

// harness is what parts measure: a control plane, the adapter and a minimal one. It is made when the first part needs it.
type harness struct {
	options Options
	*cluster.Cluster
	client  kubernetes.Interface
	metrics *verifier.API
	adapter *cluster.Adapter
	backend *backend.Backend // nil until a part delegates
	servers []*redisServer
	// objects is how many Redis objects there are.
	objects int
}

// open starts what is not running yet.
func (h *harness) open(ctx context.Context) error {
	if h.Cluster != nil {
		return nil
	}
	var err error
	if h.Cluster, err = cluster.Start(ctx, cluster.Options{BinDir: h.options.BinDir, Log: h.options.Log, HPADownscaleStabilization: time.Second}); err != nil {
		return err
	}
	if h.client, err = kubernetes.NewForConfig(h.Config()); err != nil {
		return err
	}
	if h.metrics, err = verifier.NewAPI(h.Config(), namespace); err != nil {
		return err
	}
	_, err = h.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	program := filepath.Join(h.options.BinDir, cluster.AdapterName)
	if err := evict(program); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	h.adapter, err = h.StartAdapter(ctx, cluster.AdapterOptions{Binary: program, Manifests: h.options.Manifests})
	return err
}

// empty makes a harness without Redis objects, whose adapter has never seen one.
func (h *harness) empty(ctx context.Context) error {
	if err := h.open(ctx); err != nil {
		return err
	}
	if err := h.depopulate(ctx, 0); err != nil {
		return err
	}
	return h.adapter.Restart(ctx)
}

// minimal starts the minimal adapter, to which nothing is routed.
func (h *harness) minimal(ctx context.Context) (*cluster.Adapter, error) {
	return h.StartAdapter(ctx, cluster.AdapterOptions{
		Name: minimalName, Binary: filepath.Join(h.options.BinDir, minimalName),
		Manifests: h.options.Manifests, Standby: true,
	})
}

// serve starts Redis servers at loopback addresses of their own.
func (h *harness) serve(ctx context.Context, servers int) error {
	for n := len(h.servers); n < servers; n++ {
		one, err := startRedis(ctx, "127.0.0."+strconv.Itoa(n+2), "--bind", "0.0.0.0")
		if err != nil {
			return err
		}
		h.servers = append(h.servers, one)
	}
	return nil
}

func (h *harness) close() error {
	var err error
	if h.Cluster != nil {
		err = errors.Join(h.Err(), h.Stop())
	}
	for _, one := range h.servers {
		one.stop()
	}
	return err
}

// profile writes a profile of the adapter to a file.
func (h *harness) profile(ctx context.Context, c *caller, name, path string) error {
	body, err := c.get(ctx, path)
	if err != nil {
		return fmt.Errorf("profile %s: %w", name, err)
	}
	return os.WriteFile(filepath.Join(h.options.Output, name+".pprof"), body, 0o644)
}
