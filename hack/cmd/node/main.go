// Command node runs the local control plane with a real node beside it for a person to use, and stops both on Ctrl-C.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/image"
	"github.com/redis-metrics/redis-metrics-adapter/hack/node"
)

func main() {
	code, err := node.Run(func(namespaces node.Namespaces) int {
		if err := run(namespaces); err != nil && !errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, "node:", err)
			return 1
		}
		return 0
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		code = 1
	}
	os.Exit(code)
}

func run(namespaces node.Namespaces) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	n, err := node.Start(ctx, namespaces, cluster.Options{Log: os.Stdout})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()
	if err := importImages(ctx, n); err != nil {
		return err
	}
	fmt.Printf("logs are in %s/logs; Ctrl-C stops everything\n\nexport KUBECONFIG=%s\n", n.Dir(), n.Kubeconfig())
	return n.Watch(ctx)
}

// importImages gives the node the images that deploy/ and its samples name, as far as they can be made here.
func importImages(ctx context.Context, n *node.Node) error {
	adapter := filepath.Join(os.Getenv("BIN_DIR"), "redis-metrics-adapter")
	if err := n.Import(ctx, image.Adapter("redis-metrics-adapter:dev", adapter, runtime.GOARCH, "dev")); err != nil {
		return err
	}
	redis, err := image.Redis(ctx, "redis:8")
	if err != nil {
		return err
	}
	return n.Import(ctx, redis)
}
