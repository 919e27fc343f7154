// Command worker takes jobs off a list in Redis, one after the other, until it is asked to end. A job that it has taken
// it finishes first, and counts in the key that is called as the list with ":done" behind it. It runs in pods.
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

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/hack/traffic"
)

func main() {
	address := flag.String("address", "127.0.0.1:6379", "the Redis that holds the list; $REDIS_PASSWORD is its password")
	directory := flag.String("tls", "", "speak TLS, with ca.crt, tls.crt and tls.key in this directory")
	list := flag.String("list", "jobs", "the list")
	duration := flag.Duration("duration", 500*time.Millisecond, "how long a job takes")
	flag.Parse()
	if err := run(*address, *directory, *list, *duration); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func run(address, directory, list string, duration time.Duration) error {
	options, err := traffic.Options(address, directory)
	if err != nil {
		return err
	}
	asked, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	ctx := context.Background() // what is under way goes on after the signal
	for asked.Err() == nil {
		_, err := client.BLPop(ctx, time.Second, list).Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err != nil {
			return err
		}
		<-time.After(duration) // the job
		if err := client.Incr(ctx, list+":done").Err(); err != nil {
			return err
		}
	}
	return nil
}
