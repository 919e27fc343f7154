// Command traffic sends commands to a Redis at a steady rate until it is asked to end. It runs in pods.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
)

func main() {
	address := flag.String("address", "127.0.0.1:6379", "the Redis to send to; $REDIS_PASSWORD is its password")
	directory := flag.String("tls", "", "speak TLS, with ca.crt, tls.crt and tls.key in this directory")
	rate := flag.Int("rate", 100, "requests per second")
	flag.Parse()
	if err := run(*address, *directory, *rate); err != nil {
		fmt.Fprintln(os.Stderr, "traffic:", err)
		os.Exit(1)
	}
}

func run(address, directory string, rate int) error {
	options, err := traffic.Options(address, directory)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	driver := traffic.NewDriver(options)
	driver.SetRate(rate)
	fmt.Printf("sending %d requests per second to %s\n", rate, address)
	return driver.Run(ctx, nil)
}
