package demo

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// startRedis starts the machine's redis-server, which ends with the cluster.
func startRedis(ctx context.Context, c *cluster.Cluster) (address string, err error) {
	port, err := cluster.FreePort()
	if err != nil {
		return "", err
	}
	address = "127.0.0.1:" + strconv.Itoa(port)
	_, err = c.StartProgram(ctx, cluster.Program{
		Name:  "redis-server",
		Path:  "redis-server",
		Args:  []string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--save", "", "--appendonly", "no"},
		Ready: func(ctx context.Context) error { return ping(ctx, address) },
	})
	return address, err
}

// ping asks the server whether it serves, without a client that would log that it does not yet.
func ping(ctx context.Context, address string) error {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	if err := connection.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := connection.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	reply, err := bufio.NewReader(connection).ReadString('\n')
	if err == nil && reply != "+PONG\r\n" {
		err = fmt.Errorf("PING was answered with %q", reply)
	}
	return err
}
