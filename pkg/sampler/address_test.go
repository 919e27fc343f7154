package sampler

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

func TestUnixSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "redis.sock")
	server := redistest.New(t, "--unixsocket", path, "--requirepass", "hunter2")
	o, _ := with(t, "unix://"+path, password("", "hunter2"))
	o.fail(reason.AddressRefused)
	o.poller.egress = restricted(t, egress.Config{SocketDirectories: []string{dir}})
	o.sample()
	work(t, server, 100, 0)
	if got := o.sample().Nodes[0]; got.Address != "unix://"+path {
		t.Errorf("the node is at %s", got.Address)
	}
	if _, err := o.read(catalog.RequestsPerSecond); err != nil {
		t.Error(err)
	}
	server.Kill()
	o.fail(reason.ConnectionRefused)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	o.fail(reason.ConnectionRefused)
	server.Restart()
	o.sample()
}

// TestServersNameNoUnixSocket holds that a path which a sentinel or a primary
// gives as a host leads nowhere, where sockets may be dialed too.
func TestServersNameNoUnixSocket(t *testing.T) {
	dir := t.TempDir()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(dir, "redis.sock:6379"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, named := range []string{filepath.Join(dir, "redis.sock"), "unix://" + filepath.Join(dir, "redis.sock")} {
		o := probing(t, targetAt("named", net.JoinHostPort(named, "6379")))
		o.poller.egress = restricted(t, egress.Config{AllowLoopback: true, SocketDirectories: []string{dir}})
		if _, err := o.attempt(t.Context()); err == nil || reason.Classify(err).Reason == reason.Timeout {
			t.Errorf("%s gave %v", named, err)
		}
	}
	if err := listener.(*net.UnixListener).SetDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if conn, err := listener.Accept(); err == nil {
		t.Errorf("a server led to the socket %s", conn.LocalAddr())
	}
}

func TestIPv6(t *testing.T) {
	a := redistest.NewAuthority(t)
	cert, key := a.Issue(tomorrow(), "::1")
	server := redistest.NewTLS(t, a, cert, key, "--bind", "127.0.0.1", "::1")
	at := func(addr string) string {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		return net.JoinHostPort("::1", port)
	}
	o := probing(t, targetAt("plain", at(server.Addr)))
	o.sample()
	work(t, server, 100, 0)
	o.sample()
	if _, err := o.read(catalog.RequestsPerSecond); err != nil {
		t.Error(err)
	}
	secure, _ := with(t, at(server.TLSAddr), trusting(t, a))
	secure.sample()
	replica := redistest.New(t, "--replicaof", "::1 "+port(t, server), "--repl-diskless-sync-delay", "0")
	tgt := targetAt("replicas", at(server.Addr))
	tgt.Replicas = true
	s := surveying(t, tgt)
	poll(t, "the replica is found by its IPv6 address", func() bool {
		newest := s.recover()
		return len(newest.Nodes) == 2 && newest.Nodes[1].Address == net.JoinHostPort("::1", port(t, replica))
	})
}

// TestIPv6Topologies has sentinels and the nodes of a cluster name each other by IPv6 addresses.
func TestIPv6Topologies(t *testing.T) {
	t.Parallel()
	const bind, loopback = "--bind", "::1"
	primary := redistest.New(t, bind, loopback)
	primary.Replicas(1, bind, loopback)
	sentinels := redistest.NewSentinels(t, 3, masterName, primary, 1, bind, loopback)
	c := redistest.NewCluster(t, 3, 3, bind, loopback)
	c.Calm()
	for name, tgt := range map[string]*target.Target{
		"sentinels": sentinelAt(sentinels),
		"cluster":   clusterAt(c),
	} {
		t.Run(name, func(t *testing.T) {
			tgt.Replicas = true
			s := surveying(t, tgt)
			s.sample()
			newest := s.sample()
			primaries, replicas, silent := roles(newest)
			if primaries == 0 || primaries != replicas || silent != 0 {
				t.Errorf("%d primaries, %d replicas and %d silent nodes", primaries, replicas, silent)
			}
			for _, node := range newest.Nodes {
				if !strings.HasPrefix(node.Address, "["+loopback+"]:") {
					t.Errorf("the node at %s is not named by its IPv6 address", node.Address)
				}
			}
			if _, err := s.requests(""); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNameThatMoves follows a name to another address when it connects again, and not before.
func TestNameThatMoves(t *testing.T) {
	var resolved atomic.Pointer[[4]byte]
	resolved.Store(&[4]byte{127, 0, 0, 1})
	resolving(t, "redis.example.", &resolved)
	before, after := redistest.New(t), redistest.New(t)
	near := between(t, "127.0.0.1:0", before)
	far := between(t, net.JoinHostPort("127.0.0.2", near.port(t)), after)
	o := probing(t, targetAt("moves", net.JoinHostPort("redis.example", near.port(t))))
	was := text(t, o.sample().Nodes[0].Info, "run_id")
	resolved.Store(&[4]byte{127, 0, 0, 2})
	o.sample()
	if _, err := o.read(catalog.RequestsPerSecond); err != nil {
		t.Errorf("a connection that goes on gives %v", err)
	}
	near.reset()
	if is := text(t, o.sample().Nodes[0].Info, "run_id"); is == was {
		t.Error("the name has moved, and the address that it had is dialed")
	}
	if got, err := o.read(catalog.RequestsPerSecond); err == nil {
		t.Errorf("two servers give one rate: %v", got.Value)
	}
	work(t, after, 30, 0)
	o.sample()
	if _, err := o.read(catalog.RequestsPerSecond); err != nil {
		t.Error(err)
	}
	resolved.Store(nil)
	far.reset()
	o.fail(reason.NameNotResolved)
}

// resolving has this process resolve one name to an address that changes, and no other. It
// does not exist while there is none.
func resolving(t *testing.T, name string, to *atomic.Pointer[[4]byte]) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		packet := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			if answer, err := resolve(packet[:n], name, to.Load()); err == nil {
				_, _ = server.WriteTo(answer, from)
			}
		}
	}()
	usual := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = usual
		_ = server.Close()
		<-done
	})
}

func resolve(packet []byte, name string, to *[4]byte) ([]byte, error) {
	var message dnsmessage.Message
	if err := message.Unpack(packet); err != nil {
		return nil, err
	}
	question := message.Questions[0]
	message.Response, message.Additionals = true, nil
	switch {
	case question.Name.String() != name || to == nil:
		message.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA:
		message.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class},
			Body:   &dnsmessage.AResource{A: *to},
		}}
	}
	return message.Pack()
}
