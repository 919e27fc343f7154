package connection

import (
	"net"
	"strings"
	"sync"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// maxConnections bounds the connections to one IP address and port. Targets of one
// namespace get half of them, and so do all targets but those that name a Service of
// their own namespace: neither can keep the server from whoever runs it.
const maxConnections = 256

// connectionLimit counts the connections to each server. It is safe for concurrent
// use.
type connectionLimit struct {
	mu     sync.Mutex
	counts map[connectionGroup]int
}

// connectionGroup is some of the connections to one server: all of them, those of a
// namespace, or those that no target's own namespace has the server for.
type connectionGroup struct {
	server, namespace string
	foreign           bool
}

func newConnectionLimit() *connectionLimit {
	return &connectionLimit{counts: map[connectionGroup]int{}}
}

// begin takes a connection of a target to a server into account until release is
// called, and fails where there are too many.
func (c *connectionLimit) begin(server net.Addr, t *target.Target, address string) (release func(), err error) {
	at := server.String()
	bounds := map[connectionGroup]int{{server: at}: maxConnections, {server: at, namespace: t.Namespace}: maxConnections / 2}
	if !ownServer(t, address) {
		bounds[connectionGroup{server: at, foreign: true}] = maxConnections / 2
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for group, most := range bounds {
		if c.counts[group] >= most {
			return nil, &reason.Error{Reason: reason.TooManyConnections}
		}
	}
	for group := range bounds {
		c.counts[group]++
	}
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for group := range bounds {
			if c.counts[group]--; c.counts[group] == 0 {
				delete(c.counts, group)
			}
		}
	}), nil
}

// ownServer reports whether an address that a target names is of a Service in its
// own namespace, in the forms that admission lets everybody write. What servers name
// is not: any of them may name any address.
func ownServer(t *target.Target, address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil || address != t.Address {
		return false
	}
	host = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(host), "."), ".cluster.local")
	return strings.HasSuffix(host, "."+t.Namespace+".svc")
}
