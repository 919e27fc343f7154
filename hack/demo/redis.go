package demo

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// startRedis starts the machine's redis-server, which ends with the cluster.
func startRedis(ctx context.Context, c *cluster.Cluster) (address string, err error) {
	logging.Disable() // go-redis logs that the server does not answer yet
	port, err := cluster.FreePort()
	if err != nil {
		return "", err
	}
	address = "127.0.0.1:" + strconv.Itoa(port)
	client := redis.NewClient(&redis.Options{Addr: address, MaxRetries: -1})
	defer func() { _ = client.Close() }()
	_, err = c.StartProgram(ctx, cluster.Program{
		Name:  "redis-server",
		Path:  "redis-server",
		Args:  []string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--save", "", "--appendonly", "no"},
		Ready: func(ctx context.Context) error { return client.Ping(ctx).Err() },
	})
	return address, err
}
