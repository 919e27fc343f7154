package server

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// arriving is a connection from an address, and a listener that accepts it.
type arriving struct {
	net.Conn
	from   string
	closed bool
}

func (a *arriving) RemoteAddr() net.Addr { return named(a.from) }
func (a *arriving) Close() error         { a.closed = true; return nil }

type named string

func (named) Network() string  { return "tcp" }
func (n named) String() string { return string(n) }

// arrivals is a listener of connections that have arrived.
type arrivals []*arriving

func (a *arrivals) Accept() (net.Conn, error) {
	if len(*a) == 0 {
		return nil, errors.New("no more")
	}
	next := (*a)[0]
	*a = (*a)[1:]
	return next, nil
}
func (*arrivals) Close() error   { return nil }
func (*arrivals) Addr() net.Addr { return named("here") }

// arrive has connections arrive, and returns those that are let in.
func arrive(c *connections, conns ...*arriving) []net.Conn {
	queue := arrivals(conns)
	listener := c.listen(&queue)
	var in []net.Conn
	for {
		conn, err := listener.Accept()
		if err != nil {
			return in
		}
		in = append(in, conn)
	}
}

func from(peer string, count int) []*arriving {
	conns := make([]*arriving, count)
	for i := range conns {
		conns[i] = &arriving{from: fmt.Sprintf("%s:%d", peer, 10000+i)}
	}
	return conns
}

func stillOpen(conns []*arriving) int {
	count := 0
	for _, conn := range conns {
		if !conn.closed {
			count++
		}
	}
	return count
}

func TestConnectionsOfOnePeerAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnections()
		crowd := from("10.0.0.1", 3000)
		if in := len(arrive(c, crowd...)); in != connectionsPerPeer || stillOpen(crowd) != in {
			t.Errorf("%d of 3,000 connections are let in and %d are open, want %d", in, stillOpen(crowd), connectionsPerPeer)
		}
		if in := len(arrive(c, from("10.0.0.2", 1)...)); in != 1 {
			t.Error("another peer is kept out")
		}
		<-time.After(connectionGrace)
		newcomer := from("10.0.0.1", 1)
		newcomer[0].from = "10.0.0.1:9999"
		if in := len(arrive(c, newcomer...)); in != 1 || !crowd[0].closed || stillOpen(crowd) != connectionsPerPeer-1 {
			t.Error("a newcomer does not take the place of the oldest, whose grace is over")
		}
	})
}

func TestPeerWithFewConnectionsGetsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnections()
		var crowd []*arriving
		for peer := range 10 {
			crowd = append(crowd, from(fmt.Sprintf("10.0.1.%d", peer), connectionsPerPeer)...)
		}
		if in := len(arrive(c, crowd...)); in != connectionsInAll {
			t.Errorf("%d connections are let in, want %d", in, connectionsInAll)
		}
		<-time.After(connectionGrace)
		if in := len(arrive(c, from("10.0.0.2", 1)...)); in != 1 || stillOpen(crowd) != connectionsInAll-1 {
			t.Error("a peer with no connection does not take the place of one of a peer with many")
		}
	})
}

func TestFrontProxyIsNotCounted(t *testing.T) {
	c := newConnections()
	proxy := from("10.0.0.1", connectionsPerPeer)
	in := arrive(c, proxy...)
	for _, conn := range in {
		c.vouch(conn.RemoteAddr().String())
		c.vouch(conn.RemoteAddr().String())
	}
	if c.count != 0 || !c.vouched(proxy[0].from) {
		t.Errorf("%d connections are counted, want those of the front proxy to be vouched for", c.count)
	}
	crowd := from("10.0.0.1", 2*connectionsPerPeer)
	for i, conn := range crowd {
		conn.from = fmt.Sprintf("10.0.0.1:%d", 20000+i)
	}
	if in := len(arrive(c, crowd...)); in != connectionsPerPeer || stillOpen(proxy) != connectionsPerPeer {
		t.Errorf("%d are let in beside %d of the front proxy from the same address", in, stillOpen(proxy))
	}
	for _, conn := range in {
		_ = conn.Close()
		_ = conn.Close()
	}
	if c.vouched(proxy[0].from) || c.count != connectionsPerPeer || len(c.open) != connectionsPerPeer {
		t.Errorf("closed connections stay: %d counted, %d open", c.count, len(c.open))
	}
}

func TestPeers(t *testing.T) {
	for _, test := range []struct {
		one, other string
		same       bool
	}{
		{"10.0.0.1:1", "10.0.0.1:2", true},
		{"10.0.0.1:1", "[::ffff:10.0.0.1]:2", true},
		{"10.0.0.1:1", "10.0.0.2:1", false},
		{"[fd00::1]:1", "[fd00::ffff:2]:1", true},
		{"[fd00::1]:1", "[fd00:0:0:1::1]:1", false},
		{"[fe80::1%eth0]:1", "[fe80::2%eth1]:1", true},
		{"@", "pipe", true},
	} {
		if (peerOf(test.one) == peerOf(test.other)) != test.same {
			t.Errorf("%s and %s are one peer: %t, want %t", test.one, test.other, !test.same, test.same)
		}
	}
}
