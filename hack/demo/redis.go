package demo

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// startRedis starts the machine's redis-server if there is one, else, or if asked for, the embedded one. Stop ends the
// latter; the former ends with the cluster.
func startRedis(ctx context.Context, c *cluster.Cluster, embed bool) (address, kind string, stop func(), err error) {
	path, err := exec.LookPath("redis-server")
	if err != nil || embed {
		e, err := startEmbedded()
		if err != nil {
			return "", "", nil, err
		}
		return e.redis.Addr(), "an embedded Redis", e.redis.Close, nil
	}
	port, err := cluster.FreePort()
	if err != nil {
		return "", "", nil, err
	}
	address = "127.0.0.1:" + strconv.Itoa(port)
	_, err = c.StartProgram(ctx, cluster.Program{
		Name:  "redis-server",
		Path:  path,
		Args:  []string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--save", "", "--appendonly", "no"},
		Ready: func(ctx context.Context) error { return ping(ctx, address) },
	})
	return address, fmt.Sprintf("redis-server of this machine (%s)", path), func() {}, err
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
