package server

import (
	"cmp"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// connectionsPerPeer bounds the open connections of one peer that is not known to
	// be the front proxy. A peer is an IPv4 address, or an IPv6 network of 64 bits. The
	// front proxy opens a connection for each 100 requests under way, and in a rush one
	// for each request, until it has shown its certificate on each.
	connectionsPerPeer = 256
	// connectionsInAll bounds the open connections of all such peers.
	connectionsInAll = 512
	// connectionGrace is how long no other connection displaces a connection.
	connectionGrace = time.Second
)

// connections bounds the open connections, so clients cannot keep the server busy with
// handshakes or use up its file descriptors. Connections of the front proxy, which
// carry the requests of the HorizontalPodAutoscaler, do not count: they are vouched for
// once the front proxy has shown its certificate.
//
// At a limit, a new connection displaces the oldest connection of its own peer, or of
// the peer that has the most. A connection younger than the grace stays, and the new
// one is refused. So a peer cannot trade handshakes under way for new ones, and a peer
// with few connections gets in however many others have.
type connections struct {
	mu    sync.Mutex
	open  map[string]*connection       // by remote address
	peers map[netip.Addr][]*connection // not vouched for, the oldest first
	count int                          // of those in peers
}

// connection is an open connection. Its fields belong to connections.
type connection struct {
	net.Conn
	owner   *connections
	address string
	peer    netip.Addr
	since   time.Time
	vouched bool
}

func newConnections() *connections {
	return &connections{open: map[string]*connection{}, peers: map[netip.Addr][]*connection{}}
}

// listen bounds the connections that a listener accepts.
func (c *connections) listen(l net.Listener) net.Listener { return boundedListener{l, c} }

type boundedListener struct {
	net.Listener
	connections *connections
}

// Accept returns the next connection within the bounds, and closes others.
func (l boundedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		admitted, displaced := l.connections.admit(conn)
		if displaced != nil {
			_ = displaced.Conn.Close() // its server sees it closed, and so does its peer
		}
		if admitted != nil {
			return admitted, nil
		}
		_ = conn.Close() // the peer sees it closed
	}
}

// Close closes the connection and releases its place.
func (c *connection) Close() error {
	c.owner.mu.Lock()
	c.owner.remove(c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}

// admit returns the counted connection, nil if it is refused, and the connection that it displaces, if any.
func (c *connections) admit(conn net.Conn) (admitted, displaced *connection) {
	address := conn.RemoteAddr().String()
	admitted = &connection{Conn: conn, owner: c, address: address, peer: peerOf(address), since: time.Now()}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case len(c.peers[admitted.peer]) >= connectionsPerPeer:
		displaced = c.peers[admitted.peer][0]
	case c.count >= connectionsInAll:
		displaced = slices.MaxFunc(slices.Collect(maps.Values(c.peers)), func(a, b []*connection) int { return cmp.Compare(len(a), len(b)) })[0]
	}
	if displaced != nil {
		if time.Since(displaced.since) < connectionGrace {
			return nil, nil
		}
		c.remove(displaced)
	}
	c.open[address] = admitted
	c.peers[admitted.peer] = append(c.peers[admitted.peer], admitted)
	c.count++
	return admitted, displaced
}

// remove forgets a connection. It may be called more than once.
func (c *connections) remove(gone *connection) {
	if c.open[gone.address] == gone {
		delete(c.open, gone.address)
	}
	c.uncount(gone)
}

// uncount removes a connection from those that are bounded.
func (c *connections) uncount(gone *connection) {
	counted := c.peers[gone.peer]
	i := slices.Index(counted, gone)
	if i < 0 {
		return
	}
	c.count--
	if c.peers[gone.peer] = slices.Delete(counted, i, i+1); len(counted) == 1 {
		delete(c.peers, gone.peer)
	}
}

// vouched reports whether the connection from an address belongs to the front proxy.
func (c *connections) vouched(address string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.open[address]
	return ok && found.vouched
}

// vouch records that the connection from an address belongs to the front proxy.
func (c *connections) vouch(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.open[address]; ok && !found.vouched {
		found.vouched = true
		c.uncount(found)
	}
}

// peerOf returns the peer of a remote address. All that are not IP addresses share one.
func peerOf(address string) netip.Addr {
	at, _ := netip.ParseAddrPort(address)
	addr := at.Addr().Unmap().WithZone("")
	if addr.Is4() {
		return addr
	}
	return netip.PrefixFrom(addr, 64).Masked().Addr()
}
