package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// redisServer is one redis-server process.
type redisServer struct {
	address string
	command *exec.Cmd
}

// startRedis starts a server at a loopback address, which ends with ctx at the latest.
func startRedis(ctx context.Context, host string, args ...string) (*redisServer, error) {
	port, err := cluster.FreePort()
	if err != nil {
		return nil, err
	}
	s := &redisServer{address: net.JoinHostPort(host, strconv.Itoa(port))}
	args = append([]string{"--bind", host, "--port", strconv.Itoa(port),
		"--save", "", "--appendonly", "no", "--maxclients", "4000", "--tcp-backlog", "4096", "--loglevel", "warning"}, args...)
	s.command = exec.CommandContext(ctx, "redis-server", args...)
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start redis-server (on Debian: apt-get install redis-server): %w", err)
	}
	client := s.dial()
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return s, until(ctx, 20*time.Millisecond, func() (bool, error) { return answered(client.Ping(ctx).Err()), nil })
}

// addressOf returns the address where the client of a number reaches a server that listens at all of them. It spreads
// clients over so many addresses that the adapter's bound on connections to one address keeps none of them away.
func (s *redisServer) addressOf(client int) string {
	const addresses = 50
	_, port, _ := net.SplitHostPort(s.address)
	return net.JoinHostPort(fmt.Sprintf("127.0.1.%d", 1+client%addresses), port)
}

func (s *redisServer) dial() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.address, MaxRetries: -1})
}

func (s *redisServer) stop() {
	_ = s.command.Process.Kill() // fails only when it is gone already
	_ = s.command.Wait()         // it was killed
}

// answered reports whether a server has answered, be it that it asks for a password.
func answered(err error) bool {
	_, refused := errors.AsType[redis.Error](err)
	return err == nil || refused
}

// until looks at something time after time until it is so.
func until(ctx context.Context, every time.Duration, so func() (bool, error)) error {
	for {
		if done, err := so(); done || err != nil {
			return err
		}
		if err := wait(ctx, every); err != nil {
			return err
		}
	}
}
