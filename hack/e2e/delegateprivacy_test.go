package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	canary     = "canary"
	canaryHost = "backend.canaries.svc"
)

// recorder is a server that keeps the requests for metrics that arrive.
type recorder struct {
	mu      sync.Mutex
	arrived []*http.Request
	bodies  []string
}

// ServeHTTP implements http.Handler.
func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"kind":"APIResourceList","resources":[]}`)
	if strings.Contains(request.URL.Path, "/namespaces/") {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.arrived, r.bodies = append(r.arrived, request), append(r.bodies, string(body))
	}
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.arrived)
}

// hidesTheClient asks with a canary in each place where a client can put
// something, through the API server and as the API server. Another replica of ours
// delegates to a server that keeps all that arrives.
func (s *fixture) hidesTheClient(t *testing.T) {
	t.Helper()
	r := &recorder{}
	replica, err := s.StartAdapter(t.Context(), recording(t, r))
	if err != nil {
		t.Fatal(err)
	}
	if err := replica.Route(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := "/apis/custom.metrics.k8s.io/v1beta2/namespaces/" + s.namespace + "/services/web/hits"
	config := rest.CopyConfig(s.Config())
	config.NextProtos = []string{"http/1.1"} // which has headers of a hop
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		err := askWithCanary(ctx, client, config.Host+path, http.Header{
			"Impersonate-User": {canary}, "Impersonate-Group": {"system:masters"}, "Impersonate-Extra-Canary": {canary},
			"X-Remote-User": {canary}, "X-Remote-Group": {canary},
		})
		if err == nil && r.count() == 0 {
			err = errors.New("no request has arrived")
		}
		return err
	})
	through := r.count()
	if err := askWithCanary(t.Context(), frontProxy(t, s.harness), replica.BaseURL()+path, http.Header{
		"X-Remote-User": {canary}, "X-Remote-Group": {"system:masters", canary}, "X-Remote-Uid": {canary},
		"Impersonate-User": {canary}, "Impersonate-Group": {"system:masters"},
	}); err != nil || r.count() != through+1 {
		t.Errorf("%d requests arrived, %v", r.count()-through, err)
	}
	for i, request := range r.arrived {
		if r.bodies[i] != "" || len(request.Trailer) > 0 || strings.Contains(request.RequestURI, canary) {
			t.Errorf("%s arrived with the body %q and trailers %v", request.RequestURI, r.bodies[i], request.Trailer)
		}
		for name, values := range request.Header {
			if text := strings.Join(values, " "); strings.Contains(strings.ToLower(name+text), canary) ||
				!slices.Contains([]string{"Accept", "Accept-Encoding", "Authorization", "Content-Type", "User-Agent", "Via"}, name) {
				t.Errorf("%s: %s arrived", name, text)
			}
		}
	}
	s.isDelegate(t, r.arrived[0].Header.Get("Authorization"))
	if err := errors.Join(s.adapter.Route(t.Context()), replica.Stop()); err != nil {
		t.Fatal(err)
	}
}

// recording starts a server, and returns the options of a replica that delegates
// to it.
func recording(t *testing.T, handler http.Handler) cluster.AdapterOptions {
	t.Helper()
	authority := redistest.NewAuthority(t)
	pair, err := tls.X509KeyPair(authority.Issue(time.Now().Add(12*time.Hour), canaryHost))
	if err != nil {
		t.Fatal(err)
	}
	caFile := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(caFile, authority.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	backend := httptest.NewUnstartedServer(handler)
	backend.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	backend.StartTLS()
	t.Cleanup(backend.Close)
	options := delegating(t, canaryHost, backend.Listener.Addr().(*net.TCPAddr).Port, caFile)
	options.Name, options.Standby = cluster.AdapterName+"-1", true
	return options
}

// askWithCanary asks with a canary in all headers but those that are sent on.
func askWithCanary(ctx context.Context, client *http.Client, url string, headers http.Header) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, strings.NewReader(canary))
	if err != nil {
		return err
	}
	r.Header = headers
	for name, value := range map[string]string{
		"Authorization": "Bearer " + canary, "Proxy-Authorization": "Basic " + canary, "Cookie": "session=" + canary,
		"Connection": "X-Hop, Keep-Alive", "X-Hop": canary, "Keep-Alive": canary, "Te": "trailers",
		"X-Forwarded-For": canary, "X-Forwarded-Host": canary, "Forwarded": "for=" + canary, "X-Real-Ip": canary,
		"Baggage": "user=" + canary, "Referer": canary, "Audit-Id": canary, "X-Canary": canary,
	} {
		r.Header.Set(name, value)
	}
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", response.Status)
	}
	return nil
}

// isDelegate fails unless a header has a token of the account that ours asks as.
func (s *fixture) isDelegate(t *testing.T, header string) {
	t.Helper()
	token := strings.TrimPrefix(header, "Bearer ")
	review, err := s.client.AuthenticationV1().TokenReviews().Create(t.Context(), &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	if err != nil || review.Status.User.Username != delegateAccount {
		t.Errorf("the token is of %q, %v", review.Status.User.Username, err)
	}
}
