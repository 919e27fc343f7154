// Command kubectl-redis_metrics is a plugin of kubectl that shows what an HPA does
// on metrics of Redis.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/redis-metrics/redis-metrics-adapter/cmd/kubectl-redis_metrics/app"
)

// version is set by the linker.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	code := app.Main(ctx, os.Args[1:], version, streams)
	stop()
	os.Exit(code)
}
