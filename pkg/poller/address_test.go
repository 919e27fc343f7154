package poller

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestUnixSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "redis.sock")
	server := redistest.New(t, "--unixsocket", path, "--requirepass", "hunter2")
	source := &samplertest.Credentials{Newest: samplertest.Password("", "hunter2")}
	over := func(cfg egress.Config) *one {
		return probingOver(t.Context(), t, dialerBy(t.Context(), t, samplertest.Restricted(t, cfg), source), samplertest.TargetAt("socket", "unix://"+path))
	}
	over(egress.Config{AllowLoopback: true}).fail(reason.AddressRefused)
	o := over(egress.Config{SocketDirectories: []string{dir}})
	o.sample()
	samplertest.Work(t, server, 100, 0)
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

func TestServersNameNoUnixSocket(t *testing.T) {
	dir := t.TempDir()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(dir, "redis.sock:6379"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, named := range []string{filepath.Join(dir, "redis.sock"), "unix://" + filepath.Join(dir, "redis.sock")} {
		policy := samplertest.Restricted(t, egress.Config{AllowLoopback: true, SocketDirectories: []string{dir}})
		o := probingOver(t.Context(), t, dialerBy(t.Context(), t, policy, &samplertest.Credentials{Newest: &credentials.Credentials{}}), samplertest.TargetAt("named", net.JoinHostPort(named, "6379")))
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

func TestNameThatMoves(t *testing.T) {
	var resolved atomic.Pointer[[4]byte]
	resolved.Store(&[4]byte{127, 0, 0, 1})
	resolving(t, "redis.example.", &resolved)
	before, after := redistest.New(t), redistest.New(t)
	near := samplertest.NewProxy(t, "127.0.0.1:0", before)
	far := samplertest.NewProxy(t, net.JoinHostPort("127.0.0.2", near.Port(t)), after)
	o := probing(t, samplertest.TargetAt("moves", net.JoinHostPort("redis.example", near.Port(t))))
	was := samplertest.Text(t, o.sample().Nodes[0].Info, "run_id")
	resolved.Store(&[4]byte{127, 0, 0, 2})
	o.sample()
	if _, err := o.read(catalog.RequestsPerSecond); err != nil {
		t.Errorf("a connection that goes on gives %v", err)
	}
	near.Reset()
	if is := samplertest.Text(t, o.sample().Nodes[0].Info, "run_id"); is == was {
		t.Error("the name has moved, and the address that it had is dialed")
	}
	if got, err := o.read(catalog.RequestsPerSecond); err == nil {
		t.Errorf("two servers give one rate: %v", got.Value)
	}
	samplertest.Work(t, after, 30, 0)
	o.sample()
	if _, err := o.read(catalog.RequestsPerSecond); err != nil {
		t.Error(err)
	}
	resolved.Store(nil)
	far.Reset()
	o.fail(reason.NameNotResolved)
}

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
