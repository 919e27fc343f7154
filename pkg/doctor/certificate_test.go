package doctor

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestServedCertificate serves certificates of each age, of authorities that the APIServices trust and of others.
func TestServedCertificate(t *testing.T) {
	own, other := redistest.NewAuthority(t), redistest.NewAuthority(t)
	now := time.Now()
	for _, test := range []struct {
		name    string
		issuer  *redistest.Authority
		end     time.Duration // certificates of tests are valid for a day
		code    Code
		mark    Mark
		command string
	}{
		{"fresh", own, 20 * time.Hour, "", "", ""},
		{"in its last tenth", own, 2 * time.Hour, CertificateExpires, Warning, "logs deployment"},
		{"expired", own, -time.Minute, CertificateExpires, Failure, "logs deployment"},
		{"of another authority", other, 20 * time.Hour, CertificateUntrusted, Failure, "kubectl -n redis-metrics-adapter delete pod a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := healthy()
			trusts(apiServiceV1beta1, own)(c)
			trusts(apiServiceV1beta2, own)(c)
			c.served = issue(t, test.issuer, now.Add(test.end))
			report := New(c).Installation(t.Context())
			i := slices.IndexFunc(report.Checks, func(c Check) bool { return c.Hop == HopAdapter && c.Mark != OK })
			if test.code == "" {
				if i >= 0 {
					t.Errorf("it finds %+v", report.Checks[i])
				}
				return
			}
			if i < 0 || report.Checks[i].Code != test.code || report.Checks[i].Mark != test.mark || !strings.Contains(report.Checks[i].Command, test.command) {
				t.Errorf("want %s %s with the command %s: %+v", test.mark, test.code, test.command, report.Checks)
			}
		})
	}
}

// TestCertificateThroughPortForward reads what a server serves through an API server that forwards to its port alone.
func TestCertificateThroughPortForward(t *testing.T) {
	adapter := httptest.NewTLSServer(http.NotFoundHandler())
	defer adapter.Close()
	port := adapter.Listener.Addr().(*net.TCPAddr).Port
	ended := make(chan struct{})
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "POST /api/v1/namespaces/redis-metrics-adapter/pods/a/portforward":
			forward(t, w, r)
		case "POST /api/v1/namespaces/redis-metrics-adapter/pods/silent/portforward":
			<-ended
		default:
			http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`, http.StatusForbidden)
		}
	}))
	defer api.Close()
	defer close(ended)
	client, err := NewClient(&rest.Config{Host: api.URL, Timeout: 2 * time.Second, TLSClientConfig: rest.TLSClientConfig{Insecure: true}})
	if err != nil {
		t.Fatal(err)
	}
	served, err := client.ServedCertificates(t.Context(), "redis-metrics-adapter", "a", int32(port))
	if err != nil || !served[0].Equal(adapter.Certificate()) {
		t.Errorf("%v, %d certificates", err, len(served))
	}
	if _, err := client.ServedCertificates(t.Context(), "redis-metrics-adapter", "b", int32(port)); !apierrors.IsForbidden(err) {
		t.Errorf("who may not forward: %v", err)
	}
	for pod, port := range map[string]int32{"a": 1, "silent": int32(port)} {
		if _, err := client.ServedCertificates(t.Context(), "redis-metrics-adapter", pod, port); err == nil || apierrors.IsForbidden(err) {
			t.Errorf("pod %s, port %d: %v", pod, port, err)
		}
	}
}

// forward connects the data streams of a request with ports of this machine, as a kubelet does.
func forward(t *testing.T, w http.ResponseWriter, r *http.Request) {
	if _, err := httpstream.Handshake(r, w, []string{portForwardProtocol}); err != nil {
		t.Error(err)
		return
	}
	streams := make(chan httpstream.Stream, 2)
	connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(stream httpstream.Stream, _ <-chan struct{}) error {
		streams <- stream
		return nil
	})
	if connection == nil {
		t.Error("the request cannot be upgraded")
		return
	}
	defer connection.Close() //nolint:errcheck // the client closes it too
	for range cap(streams) {
		var stream httpstream.Stream
		select {
		case stream = <-streams:
		case <-connection.CloseChan():
			return
		}
		if stream.Headers().Get(corev1.StreamType) != corev1.StreamTypeData {
			continue
		}
		port := stream.Headers().Get(corev1.PortHeader)
		server, err := new(net.Dialer).DialContext(r.Context(), "tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(stream, server)
		}()
		_, _ = io.Copy(server, stream)
		_ = server.Close()
	}
}
