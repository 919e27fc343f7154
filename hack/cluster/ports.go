package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are picked below the range from which systems take the local ends of outgoing connections, so that a process
// finds its port free when it comes back.
const (
	lowestPort  = 12000
	highestPort = 32000
)

// FreePort returns a loopback TCP port on which nobody listens.
func FreePort() (int, error) {
	var config net.ListenConfig
	for range 100 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		listener, err := config.Listen(context.Background(), "tcp", loopback(port))
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			return 0, err
		}
		return port, nil
	}
	return 0, errors.New("no free loopback port found in 100 tries")
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
