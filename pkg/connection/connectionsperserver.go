package connection

import (
	"net"
	"strings"
	"sync"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// maxConnections bounds the connections to one IP address and port. The targets of one
// namespace get half of them, and so do all targets that name no Service of their own
// namespace. So neither can shut out the owner of the server.
const maxConnections = 256

// connectionLimit counts the connections to each server. It is safe for concurrent
// use.
type connectionLimit struct {
	mu     sync.Mutex
	counts map[connectionGroup]int
}

// connectionGroup counts some of the connections to one server: all, those of a
// namespace, or those of targets to servers outside their own namespace.
type connectionGroup struct {
	server, namespace string
	foreign           bool
}

func newConnectionLimit() *connectionLimit {
	return &connectionLimit{counts: map[connectionGroup]int{}}
}

// begin counts a connection of a target to a server until release is called. It fails
// if there are too many.
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

// ownServer reports whether an address in a target names a Service in its own
// namespace, in the forms that admission lets everybody write. Addresses that servers
// announce do not count, because a server may announce any address.
func ownServer(t *target.Target, address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil || address != t.Address {
		return false
	}
	host = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(host), "."), ".cluster.local")
	return strings.HasSuffix(host, "."+t.Namespace+".svc")
}
