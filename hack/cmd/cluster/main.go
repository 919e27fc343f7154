// Command cluster starts the local control plane of package cluster for a person to use, and stops it on Ctrl-C.
//
//	cluster [flags] [-- arguments of the adapter]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

func main() {
	options := cluster.Options{Log: os.Stdout}
	var adapter cluster.AdapterOptions
	flag.StringVar(&options.Dir, "dir", "", "directory for data, kubeconfigs and logs, kept afterwards (default: a temporary one)")
	flag.DurationVar(&options.HPASyncPeriod, "hpa-sync-period", 15*time.Second, "how often the HPA controller looks")
	flag.StringVar(&adapter.Manifests, "manifests", "",
		"directory of the adapter's kustomization (default: deploy/base of the tree around the working directory or $BIN_DIR)")
	withAdapter := flag.Bool("with-adapter", false, "also deploy and run the adapter, with the arguments after --")
	flag.Parse()
	adapter.ExtraArgs = flag.Args()
	err := check(&adapter, *withAdapter)
	if err == nil {
		err = run(options, adapter, *withAdapter)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// check returns what would keep the adapter from starting, before anything is started.
func check(adapter *cluster.AdapterOptions, withAdapter bool) error {
	if withAdapter {
		return adapter.Complete(os.Getenv("BIN_DIR"))
	}
	if len(adapter.ExtraArgs) > 0 {
		return fmt.Errorf("unexpected arguments %q: they are for an adapter, add --with-adapter before --", adapter.ExtraArgs)
	}
	if adapter.Manifests != "" {
		return errors.New("--manifests is for an adapter: add --with-adapter")
	}
	return nil
}

func run(options cluster.Options, adapter cluster.AdapterOptions, withAdapter bool) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	c, err := cluster.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	if withAdapter {
		starting, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if _, err := c.StartAdapter(starting, adapter); err != nil {
			return err
		}
	}
	fmt.Printf("logs are in %s/logs; Ctrl-C stops everything\n\nexport KUBECONFIG=%s\n", c.Dir(), c.Kubeconfig())
	return c.Watch(ctx)
}
