// Command demo runs package demo: the whole path from Redis traffic to a StatefulSet scaled by the stock HPA.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis-metrics/redis-metrics-adapter/hack/demo"
)

// exitInterrupted is what shells report for a program that Ctrl-C ended.
const exitInterrupted = 130

func main() {
	options := demo.Options{Out: os.Stdout}
	flag.StringVar(&options.Dir, "dir", "", "directory for data and logs, kept afterwards (default: a temporary one)")
	flag.BoolVar(&options.Web, "web", false, "open the page of the plugin of kubectl, which draws the HPA")
	flag.BoolVar(&options.Plain, "plain", false, "print lines instead of drawing on the terminal")
	flag.Parse()
	os.Exit(run(options))
}

func run(options demo.Options) (exitCode int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := demo.Run(ctx, options)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "\ndemo: interrupted; everything is stopped")
		return exitInterrupted
	}
	fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
	if options.Dir == "" {
		fmt.Fprintln(os.Stderr, "demo: to keep the logs, run \"make demo ARGS=--dir=DIRECTORY\"")
	}
	return 1
}
