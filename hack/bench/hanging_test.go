package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// hangingServers starts servers each of which fails in a way of its own, and most of which do not answer. It returns their
// addresses.
func hangingServers(b *testing.B) []string {
	b.Helper()
	closed, err := cluster.FreePort()
	check(b, err)
	addresses := []string{"no-such-host.invalid:6379", fmt.Sprintf("127.0.0.1:%d", closed)}
	for _, each := range unresponsive() {
		server := newServer(b, "127.0.0.1", each.args...)
		client := redis.NewClient(&redis.Options{Addr: server.Addr, MaxRetries: -1})
		b.Cleanup(func() { _ = client.Close() })
		if err := each.suspend(b.Context(), server, client); err != nil {
			b.Fatalf("server that is %s: %v", each.name, err)
		}
		addresses = append(addresses, server.Addr)
	}
	for _, answer := range malformed() {
		addresses = append(addresses, redistest.Serve(b, answer))
	}
	return addresses
}

// unresponsiveServer is a real server, and how it is kept from answering.
type unresponsiveServer struct {
	name    string
	args    []string
	suspend func(context.Context, *redistest.Server, *redis.Client) error
}

func unresponsive() []unresponsiveServer {
	stop := func(_ context.Context, s *redistest.Server, _ *redis.Client) error {
		s.Signal(syscall.SIGSTOP)
		return nil
	}
	return []unresponsiveServer{
		{name: "stopped", suspend: stop},
		{name: "stopped, and accepts one connection", args: []string{"--tcp-backlog", "1"}, suspend: stop},
		{name: "paused", suspend: func(ctx context.Context, _ *redistest.Server, client *redis.Client) error {
			return client.ClientPause(ctx, time.Hour).Err()
		}},
		{name: "asleep", args: []string{"--enable-debug-command", "yes"}, suspend: func(ctx context.Context, _ *redistest.Server, client *redis.Client) error {
			err := client.Do(ctx, "DEBUG", "SLEEP", 3600).Err()
			if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
				return fmt.Errorf("want no answer to DEBUG SLEEP, got %w", err)
			}
			return nil
		}},
		{name: "full", args: []string{"--maxclients", "1"}, suspend: func(ctx context.Context, _ *redistest.Server, client *redis.Client) error {
			return client.Ping(ctx).Err()
		}},
		{name: "locked", args: []string{"--requirepass", "another"}, suspend: func(context.Context, *redistest.Server, *redis.Client) error { return nil }},
	}
}

// malformed are what servers that are none do with a connection, which is closed when they return.
func malformed() []func(net.Conn) {
	always := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			buffer := make([]byte, 4096)
			for {
				if _, err := c.Read(buffer); err != nil {
					return
				}
				if _, err := c.Write([]byte(text)); err != nil {
					return
				}
			}
		}
	}
	return []func(net.Conn){
		always(""),
		always("-LOADING Redis is loading the dataset in memory\r\n"),
		always("$2147483648\r\n"),
		always("+OK\r\n+OK\r\n+OK\r\n"),
		always("\x16\x03\x01 no such protocol \r\n"),
		always(strings.Repeat("*1\r\n", 1000)),
		func(c net.Conn) {},                                    // hangs up
		func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }, // resets
		func(c net.Conn) { // one byte a second
			for range time.Tick(time.Second) {
				if _, err := c.Write([]byte("+")); err != nil {
					return
				}
			}
		},
		func(c net.Conn) { // without end
			text := []byte("+" + strings.Repeat("x", 4095))
			for {
				if _, err := c.Write(text); err != nil {
					return
				}
			}
		},
	}
}
