// Command bench runs package bench: the adapter's cost and speed, compared with bare counterparts in the same run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/redis-metrics/redis-metrics-adapter/hack/backend"
	"github.com/redis-metrics/redis-metrics-adapter/hack/bench"
)

func main() {
	if backend.Started() {
		fmt.Fprintln(os.Stderr, "backend:", backend.Serve())
		os.Exit(1)
	}
	options := bench.Options{Out: os.Stdout, Log: os.Stderr}
	flag.StringVar(&options.BinDir, "bin-dir", os.Getenv("BIN_DIR"), "directory of the binaries")
	flag.StringVar(&options.Manifests, "manifests", filepath.Join("deploy", "base"), "directory of the adapter's manifests")
	flag.StringVar(&options.Output, "output", filepath.Join("_output", "bench"), "directory for JSON files and profiles")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "Usage: bench [flags] [sample|reaction|api|isolation|delegate|scale ...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	os.Exit(run(options, flag.Args()))
}

func run(options bench.Options, parts []string) (exitCode int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench.Run(ctx, options, parts...); err != nil {
		fmt.Fprintf(os.Stderr, "\nbench: %v\n", err)
		return 1
	}
	return 0
}
