package connection

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

// start is a server with a certificate for its own address, and the authority of both sides.
func start(t *testing.T, args ...string) (*redistest.Server, *redistest.Authority) {
	t.Helper()
	a := redistest.NewAuthority(t)
	cert, key := a.Issue(samplertest.Tomorrow(), host)
	return redistest.NewTLS(t, a, cert, key, args...), a
}

func TestTLS(t *testing.T) {
	server, a := start(t, "--requirepass", "hunter2")
	c := samplertest.Trusting(t, a)
	c.Password = "hunter2"
	o, _ := with(t, server.TLSAddr, c)
	o.sample()
	o.sample()
	c.TLS.ServerName = "redis.example"
	o, _ = with(t, server.TLSAddr, c)
	o.fail(reason.ServerNameMismatch)
	cert, key := a.Issue(samplertest.Tomorrow(), "redis.example")
	server.Certify(cert, key)
	o.sample()
}

func TestTLSOlderThan12IsNotSpoken(t *testing.T) {
	server, a := start(t, "--tls-protocols", "TLSv1.1")
	o, _ := with(t, server.TLSAddr, samplertest.Trusting(t, a))
	o.fail(reason.TLSHandshakeFailed)
}

func TestTLSOfBothVersions(t *testing.T) {
	for _, version := range []string{"TLSv1.2", "TLSv1.3"} {
		t.Run(version, func(t *testing.T) {
			server, a := start(t, "--tls-protocols", version, "--tls-auth-clients", "yes")
			cert, key := a.Issue(samplertest.Tomorrow())
			o, _ := with(t, server.TLSAddr, samplertest.Trusting(t, a, cert, key))
			o.sample()
			o.sample()

			for range 5 { // whether the alert or the reset comes first is a race
				o, _ = with(t, server.TLSAddr, samplertest.Trusting(t, a))
				_, err := o.attempt(t.Context())
				if failed := reason.Classify(err).Reason; failed != reason.ClientCertificateRefused && failed != reason.TLSHandshakeFailed {
					t.Fatalf("without a certificate the reason is %q (%v)", failed, reason.Classify(err).Cause)
				}
			}
			cert, key = redistest.NewAuthority(t).Issue(samplertest.Tomorrow())
			o, _ = with(t, server.TLSAddr, samplertest.Trusting(t, a, cert, key))
			_, err := o.attempt(t.Context())
			if failed := reason.Classify(err).Reason; failed != reason.ClientCertificateRefused && failed != reason.TLSHandshakeFailed {
				t.Fatalf("with a certificate of another authority the reason is %q (%v)", failed, reason.Classify(err).Cause)
			}
		})
	}
}

func TestServerIsVerified(t *testing.T) {
	server, a := start(t)
	t.Run("another authority", func(t *testing.T) {
		o, source := with(t, server.TLSAddr, samplertest.Trusting(t, redistest.NewAuthority(t)))
		o.fail(reason.ServerCertificateUntrusted)
		if source.Rejected() != 1 {
			t.Errorf("credentials were doubted %d times, want once", source.Rejected())
		}
	})
	t.Run("the authorities of the system", func(t *testing.T) {
		o, _ := with(t, server.TLSAddr, &credentials.Credentials{TLS: &tls.Config{MinVersion: tls.VersionTLS12}})
		o.fail(reason.ServerCertificateUntrusted)
	})
	t.Run("expired", func(t *testing.T) {
		server.Certify(a.Issue(time.Now().Add(-time.Minute), host))
		o, _ := with(t, server.TLSAddr, samplertest.Trusting(t, a))
		o.fail(reason.ServerCertificateExpired)
	})
	t.Run("another name", func(t *testing.T) {
		server.Certify(a.Issue(samplertest.Tomorrow(), "redis.example"))
		o, _ := with(t, server.TLSAddr, samplertest.Trusting(t, a))
		o.fail(reason.ServerNameMismatch)
	})
	t.Run("a server without TLS", func(t *testing.T) {
		o, _ := with(t, server.Addr, samplertest.Trusting(t, a))
		o.target.Timeout = time.Second
		_, err := o.attempt(t.Context())
		if failed := reason.Classify(err).Reason; failed != reason.TLSHandshakeFailed && failed != reason.Timeout {
			t.Errorf("the reason is %q", failed)
		}
	})
	t.Run("TLS where none is spoken", func(t *testing.T) {
		o, _ := with(t, server.TLSAddr, &credentials.Credentials{})
		_, err := o.attempt(t.Context())
		if failed := reason.Classify(err).Reason; failed != reason.ConnectionLost && failed != reason.Protocol {
			t.Errorf("the reason is %q", failed)
		}
	})
}

// TestNothingIsSentBeforeTheServerIsVerified has a server with a certificate of
// its own making take down all that it is sent.
func TestNothingIsSentBeforeTheServerIsVerified(t *testing.T) {
	mine, other := redistest.NewAuthority(t), redistest.NewAuthority(t)
	cert, key := other.Issue(samplertest.Tomorrow(), host)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			heard <- err.Error()
			return
		}
		defer conn.Close()
		all, _ := io.ReadAll(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS12}))
		heard <- string(all)
	}()
	defer listener.Close()
	c := samplertest.Trusting(t, mine)
	c.Username, c.Password = "metrics", "hunter2"
	o, _ := with(t, listener.Addr().String(), c)
	o.fail(reason.ServerCertificateUntrusted)
	if got := <-heard; got != "" {
		t.Errorf("a server that was not verified heard %q", got)
	}
}

func TestConnectionClosedWhileIdleCostsNoSample(t *testing.T) {
	server, a := start(t)
	for name, o := range map[string]*one{
		"plain": func() *one {
			o, _ := with(t, server.Addr, &credentials.Credentials{})
			return o
		}(),
		"TLS": func() *one {
			o, _ := with(t, server.TLSAddr, samplertest.Trusting(t, a))
			return o
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			o.sample()
			server.Do("client", "kill", "type", "normal", "skipme", "yes")
			o.sample()
		})
	}
}
