package server

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// deaf is a connection from which a test can stop reading.
type deaf struct {
	net.Conn
	told, over <-chan struct{}
}

func (d *deaf) Read(b []byte) (int, error) {
	select {
	case <-d.told:
		<-d.over
		return 0, net.ErrClosed
	default:
		return d.Conn.Read(b)
	}
}

// TestClientsThatDoNotReadAreCut has all turns taken by clients that take next to nothing of a long answer.
func TestClientsThatDoNotReadAreCut(t *testing.T) {
	tests := []struct {
		name, proto string
		// client sets up a transport that reads no bodies. What it returns is called once there is an answer.
		client func(*testing.T, *http.Transport) func()
	}{
		{"HTTP/1.1", "HTTP/1.1", func(_ *testing.T, tr *http.Transport) func() {
			tr.TLSNextProto, tr.TLSClientConfig.NextProtos = map[string]func(string, *tls.Conn) http.RoundTripper{}, nil
			return func() {}
		}},
		{"stream of HTTP/2", "HTTP/2.0", func(_ *testing.T, tr *http.Transport) func() {
			tr.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 1}
			return func() {}
		}},
		{"connection of HTTP/2", "HTTP/2.0", func(t *testing.T, tr *http.Transport) func() {
			tr.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 1 << 30}
			told := make(chan struct{})
			tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return &deaf{c, told, t.Context().Done()}, c.(*net.TCPConn).SetReadBuffer(4096)
			}
			return func() { close(told) }
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newRequestQueue(waitersAtMost, defaultAutoscalers())
			s, ended := serveLong(t, x, writeDeadline{after: time.Second})
			for range runningAtMost() {
				transport := s.Client().Transport.(*http.Transport).Clone()
				transport.ForceAttemptHTTP2 = true
				answered := tt.client(t, transport)
				t.Cleanup(transport.CloseIdleConnections)
				r, err := (&http.Client{Transport: transport}).Get(s.URL + "/long")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = r.Body.Close() })
				if r.Proto != tt.proto {
					t.Fatalf("the client speaks %s, want %s", r.Proto, tt.proto)
				}
				answered()
			}
			for range runningAtMost() {
				select {
				case <-ended:
				case <-time.After(20 * time.Second):
					t.Fatal("a client that does not read keeps its turn")
				}
			}
		})
	}
}

// serveLong starts a server that answers /long with more than the kernel buffers, and reports when it has
// ended.
func serveLong(t *testing.T, x *requestQueue, cut writeDeadline) (*httptest.Server, <-chan struct{}) {
	t.Helper()
	ended := make(chan struct{}, runningAtMost())
	answer := strings.Repeat("x", 64<<20)
	long := x.limit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			_, _ = io.WriteString(w, answer) // it fails
			ended <- struct{}{}
		}
	}))
	s := httptest.NewUnstartedServer(cut.withDeadline(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		long.ServeHTTP(w, r.WithContext(asked(r.Context(), "crowd", true).Context()))
	})))
	s.Listener, s.EnableHTTP2 = cut.listen(s.Listener), true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, ended
}

// TestAnswersInTimeAreNotCut asks again over the same connection once the deadline of the request before has passed.
func TestAnswersInTimeAreNotCut(t *testing.T) {
	for _, proto := range []string{"http/1.1", "h2"} {
		t.Run(proto, func(t *testing.T) {
			cut := writeDeadline{after: 300 * time.Millisecond}
			s := httptest.NewUnstartedServer(cut.withDeadline(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/debug/pprof/profile" {
					<-time.After(2 * cut.after)
				}
				_, _ = io.WriteString(w, r.RemoteAddr)
			})))
			s.Listener, s.EnableHTTP2 = cut.listen(s.Listener), proto == "h2"
			s.StartTLS()
			t.Cleanup(s.Close)
			ask := func(path string) string { return bodyAt(t, s.Client(), s.URL+path) }
			first := ask("/")
			if ask("/debug/pprof/profile") != first || ask("/") != first {
				t.Error("the connection was cut")
			}
		})
	}
}
