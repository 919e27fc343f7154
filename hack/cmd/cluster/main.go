// Command cluster starts the local control plane of package cluster for a person to use, and stops it on Ctrl-C.
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
	var options cluster.Options
	flag.StringVar(&options.BinDir, "bin-dir", os.Getenv("BIN_DIR"), "directory of the control plane's and the adapter's binaries")
	flag.StringVar(&options.Dir, "dir", "", "directory for data, kubeconfigs and logs, kept afterwards (default: a temporary one)")
	flag.DurationVar(&options.HPASyncPeriod, "hpa-sync-period", 15*time.Second, "how often the HPA controller looks")
	withAdapter := flag.Bool("with-adapter", false, "also deploy and run the adapter")
	flag.Parse()
	options.Log = os.Stdout
	if err := run(options, *withAdapter); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run(options cluster.Options, withAdapter bool) (err error) {
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
		if _, err := c.StartAdapter(starting, cluster.AdapterOptions{}); err != nil {
			return err
		}
	}
	fmt.Printf("logs are in %s/logs; Ctrl-C stops everything\n\nexport KUBECONFIG=%s\n", c.Dir(), c.Kubeconfig())
	return watch(ctx, c)
}

// watch returns when somebody asks for the end, or with an error when a process has died.
func watch(ctx context.Context, c *cluster.Cluster) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			fmt.Println("stopping")
			return nil
		case <-ticker.C:
			if err := c.Err(); err != nil {
				return err
			}
		}
	}
}
