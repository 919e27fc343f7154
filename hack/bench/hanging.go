package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// hanging are servers each of which fails in a way of its own, and most of which do not answer. They end with a context.
type hanging struct {
	addresses []string
	servers   []*redisServer
}

func (h *hanging) start(ctx context.Context) error {
	closed, err := cluster.FreePort()
	if err != nil {
		return err
	}
	h.addresses = append(h.addresses, "no-such-host.invalid:6379", fmt.Sprintf("127.0.0.1:%d", closed))
	for _, one := range unresponsive() {
		server, err := startRedis(ctx, "127.0.0.1", one.args...)
		if err != nil {
			return err
		}
		h.servers = append(h.servers, server)
		h.addresses = append(h.addresses, server.address)
		client := server.dial()
		context.AfterFunc(ctx, func() { _ = client.Close() })
		if err := one.suspend(ctx, server, client); err != nil {
			return fmt.Errorf("server that is %s: %w", one.name, err)
		}
	}
	for _, answer := range malformed() {
		address, err := listen(ctx, answer)
		if err != nil {
			return err
		}
		h.addresses = append(h.addresses, address)
	}
	return nil
}

func (h *hanging) stop() {
	for _, one := range h.servers {
		one.stop()
	}
}

// unresponsiveServer is a real server, and how it is kept from answering.
type unresponsiveServer struct {
	name    string
	args    []string
	suspend func(context.Context, *redisServer, *redis.Client) error
}

func unresponsive() []unresponsiveServer {
	stop := func(_ context.Context, s *redisServer, _ *redis.Client) error {
		return s.command.Process.Signal(syscall.SIGSTOP)
	}
	return []unresponsiveServer{
		{name: "stopped", suspend: stop},
		{name: "stopped, and accepts one connection", args: []string{"--tcp-backlog", "1"}, suspend: stop},
		{name: "paused", suspend: func(ctx context.Context, _ *redisServer, client *redis.Client) error {
			return client.ClientPause(ctx, time.Hour).Err()
		}},
		{name: "asleep", args: []string{"--enable-debug-command", "yes"}, suspend: func(ctx context.Context, _ *redisServer, client *redis.Client) error {
			err := client.Do(ctx, "DEBUG", "SLEEP", 3600).Err()
			if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
				return fmt.Errorf("want no answer to DEBUG SLEEP, got %w", err)
			}
			return nil
		}},
		{name: "full", args: []string{"--maxclients", "1"}, suspend: func(ctx context.Context, _ *redisServer, client *redis.Client) error {
			return client.Ping(ctx).Err()
		}},
		{name: "locked", args: []string{"--requirepass", "another"}, suspend: func(context.Context, *redisServer, *redis.Client) error { return nil }},
	}
}

// answer is what a server that is none does with a connection, which is closed when it returns.
type answer func(net.Conn)

func malformed() []answer {
	always := func(text string) answer {
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
	return []answer{
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

// listen answers connections at an address until ctx ends.
func listen(ctx context.Context, answer answer) (address string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return // closed
			}
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			go func() {
				defer stop()
				defer func() { _ = c.Close() }()
				answer(c)
			}()
		}
	}()
	return listener.Addr().String(), nil
}
