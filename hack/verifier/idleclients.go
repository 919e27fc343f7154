package verifier

import (
	"bufio"
	"context"
	"net"
	"strings"
	"sync"
	"time"
)

// channel is the channel to which idle clients subscribe, and the pattern and the shard channel
// with that name.
const channel = "news"

const returning = 100 * time.Millisecond

// IdleClients are permanent connections to one server: one that subscribes, one that tracks keys and one that waits for
// an element of a list. They reconnect when they are lost.
type IdleClients struct {
	address, username, password string
	truth                       *Truth
}

// NewIdleClients returns idle clients of a server, which record in its truth when they are
// connected.
func NewIdleClients(address, username, password string, truth *Truth) *IdleClients {
	return &IdleClients{address, username, password, truth}
}

// Run keeps the idle clients at the server until ctx ends.
func (g *IdleClients) Run(ctx context.Context) {
	login := "AUTH " + g.username + " " + g.password + "\r\n"
	var all sync.WaitGroup
	for name, line := range map[string]string{
		Subscribed: login + "SUBSCRIBE " + channel + "\r\nPSUBSCRIBE " + channel + "\r\nSSUBSCRIBE " + channel + "\r\nPING\r\n",
		Tracking:   "HELLO 3 " + login + "CLIENT TRACKING ON\r\nPING\r\n",
		Blocked:    login + "PING\r\nBLPOP no-such-list 0\r\n", // both in one piece: it waits once the first is answered
	} {
		all.Go(func() { g.stay(ctx, name, line) })
	}
	all.Wait()
}

func (g *IdleClients) stay(ctx context.Context, name, line string) {
	ticker := time.NewTicker(returning)
	defer ticker.Stop()
	for ctx.Err() == nil {
		sent := time.Now()
		g.truth.Set(name, sent, sent, 0)
		g.visit(ctx, name, line)
		lost := time.Now()
		if was := lost.Add(-margin); was.After(sent) {
			sent = was
		}
		g.truth.Set(name, sent, lost, 0)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

func (g *IdleClients) visit(ctx context.Context, name, line string) {
	sent := time.Now()
	dialer := net.Dialer{Timeout: answering}
	conn, err := dialer.DialContext(ctx, "tcp", g.address)
	if err != nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	g.truth.Set(name, sent, time.Time{}, 1)
	if _, err := conn.Write([]byte(line)); err != nil {
		return
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "-") { // it does not wait, as where a replica takes no writes
			return
		}
		if strings.Contains(strings.ToLower(lines.Text()), "pong") {
			g.truth.Set(name, sent, time.Now(), 1)
		}
	}
}
