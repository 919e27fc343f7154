package node

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// gateway lets connections of this machine into the namespaces, to the API server alone: a port of loopback outside leads
// to the same port inside.
type gateway struct{ listener net.Listener }

func openGateway() (*gateway, error) {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &gateway{listener}, nil
}

func (g *gateway) port() int { return g.listener.Addr().(*net.TCPAddr).Port }

func (g *gateway) close() { _ = g.listener.Close() }

// serve hands on connections to a process's network namespace until the gateway is closed.
func (g *gateway) serve(pid int) {
	for {
		outer, err := g.listener.Accept()
		if err != nil {
			return
		}
		go g.forward(outer, pid)
	}
}

func (g *gateway) forward(outer net.Conn, pid int) {
	defer outer.Close()
	inner, err := dialInside(pid, g.port())
	if err != nil {
		return // as if nobody listened
	}
	cluster.Join(outer, inner)
}

// dialInside dials a port of loopback in the network namespace of a process. The socket stays in there.
func dialInside(pid, port int) (connection net.Conn, err error) {
	var dialing sync.WaitGroup
	dialing.Go(func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine, wherever it is
		namespace, openErr := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
		if err = openErr; err != nil {
			return
		}
		defer namespace.Close()
		if err = unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			return
		}
		var dialer net.Dialer
		connection, err = dialer.DialContext(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	})
	dialing.Wait()
	return connection, err
}
