package delegate

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// BenchmarkRequest compares a delegated request with one through the standard
// library's proxy, which sends all bytes on.
func BenchmarkRequest(b *testing.B) {
	authority := redistest.NewAuthority(b)
	pair, err := tls.X509KeyPair(authority.Issue(time.Now().Add(12*time.Hour), host))
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(make([]byte, 400))
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	defer server.Close()
	f := newFixture(b)
	f.trust(b, authority)
	f.transport.dial = dialTo(server.Listener.Addr().String())
	f.reload(b)
	defer f.transport.CloseIdleConnections()
	plain := &httputil.ReverseProxy{
		Transport: f.transport.current.Load(),
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "https", Host: host + ":443"}) },
	}
	for name, handler := range map[string]http.Handler{"delegate": f, "plain": plain} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
				r.Header.Set("Accept", "application/json")
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if n, _ := io.Copy(io.Discard, w.Body); n != 400 || w.Code != http.StatusOK {
					b.Fatalf("answered %d with %d bytes", w.Code, n)
				}
			}
		})
	}
}
