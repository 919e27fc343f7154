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
)

const (
	// namespace is where all objects of the bench are.
	namespace = "bench"
	// minimalName names the adapter that answers without knowing anything.
	minimalName = "minimal-adapter"
)

// world is what parts measure: a control plane, the adapter and a minimal one. It is made when the first part needs it.
type world struct {
	options Options
	*cluster.Cluster
	client  kubernetes.Interface
	adapter *cluster.Adapter
	backend *backend.Backend // nil until a part delegates
	servers []*redisServer
	// objects is how many Redis objects there are.
	objects int
}

// open starts what is not running yet.
func (w *world) open(ctx context.Context) error {
	if w.Cluster != nil {
		return nil
	}
	var err error
	if w.Cluster, err = cluster.Start(ctx, cluster.Options{BinDir: w.options.BinDir, Log: w.options.Log, HPADownscaleStabilization: time.Second}); err != nil {
		return err
	}
	if w.client, err = kubernetes.NewForConfig(w.Config()); err != nil {
		return err
	}
	_, err = w.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	program := filepath.Join(w.options.BinDir, cluster.AdapterName)
	if err := evict(program); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	w.adapter, err = w.StartAdapter(ctx, cluster.AdapterOptions{Binary: program, Manifests: w.options.Manifests})
	return err
}

// empty makes a world without Redis objects, whose adapter has never seen one.
func (w *world) empty(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	if err := w.depopulate(ctx, 0); err != nil {
		return err
	}
	return w.adapter.Restart(ctx)
}

// minimal starts the minimal adapter, to which nothing is routed.
func (w *world) minimal(ctx context.Context) (*cluster.Adapter, error) {
	return w.StartAdapter(ctx, cluster.AdapterOptions{
		Name: minimalName, Binary: filepath.Join(w.options.BinDir, minimalName),
		Manifests: w.options.Manifests, Standby: true,
	})
}

// serve starts Redis servers at loopback addresses of their own.
func (w *world) serve(ctx context.Context, servers int) error {
	for n := len(w.servers); n < servers; n++ {
		one, err := startRedis(ctx, "127.0.0."+strconv.Itoa(n+2), "--bind", "0.0.0.0")
		if err != nil {
			return err
		}
		w.servers = append(w.servers, one)
	}
	return nil
}

func (w *world) close() error {
	var err error
	if w.Cluster != nil {
		err = errors.Join(w.Err(), w.Stop())
	}
	for _, one := range w.servers {
		one.stop()
	}
	return err
}

// profile writes a profile of the adapter to a file.
func (w *world) profile(ctx context.Context, c *caller, name, path string) error {
	body, err := c.get(ctx, path)
	if err != nil {
		return fmt.Errorf("profile %s: %w", name, err)
	}
	return os.WriteFile(filepath.Join(w.options.Output, name+".pprof"), body, 0o644)
}
