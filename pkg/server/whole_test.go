package server

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestServer plays what strangers try against a whole server.
func TestServer(t *testing.T) {
	s := serve(t)
	t.Run("nobody is answered about health alone", s.nobodyAsks)
	t.Run("who is not the front proxy speaks for nobody", s.impostorAsks)
	t.Run("who may not is refused, the controller too", s.forbiddenAsks)
	t.Run("what has no answer is authorized for nobody", s.nonsense)
	t.Run("an error about long names is short", s.longNames)
	t.Run("a delegate in trouble troubles nobody", s.delegateInTrouble)
	t.Run("connections are bounded, but those of the front proxy", s.crowdConnects)
}

func (s *served) nobodyAsks(t *testing.T) {
	before := s.reviews("")
	for path, want := range map[string]int{
		"/livez": 200, "/readyz": 200, "/healthz": 200, "/readyz?verbose": 200,
		metricPath: 401, "/apis": 401, "/apis/custom.metrics.k8s.io/v1beta2": 401, "/metrics": 401, "/openapi/v2": 401,
		"/version": 401, "/readyz/ping": 401, "/debug/pprof/": 401, "/": 401, "/livez/": 401, "//livez": 401,
	} {
		if code, body, err := s.ask(t.Context(), s.nobody, "", path); err != nil || code != want {
			t.Errorf("%s is answered %d %s, %v, want %d", path, code, body, err, want)
		}
	}
	if asked := s.reviews("") - before; asked != 0 {
		t.Errorf("%d SubjectAccessReviews for a client without a name", asked)
	}
}

func (s *served) impostorAsks(t *testing.T) {
	for name, by := range map[string]*http.Client{"no certificate": s.nobody, "another authority's": client(t, redistest.NewAuthority(t))} {
		if code, body, err := s.ask(t.Context(), by, controller, metricPath); err != nil || code != http.StatusUnauthorized {
			t.Errorf("with %s a client that says to be the controller is answered %d %s, %v", name, code, body, err)
		}
	}
	if code, body, err := s.ask(t.Context(), s.proxy, controller, metricPath); err != nil || code != http.StatusOK {
		t.Errorf("the controller is answered %d %s, %v", code, body, err)
	}
}

func (s *served) forbiddenAsks(t *testing.T) {
	for _, path := range []string{
		strings.Replace(metricPath, "/shop/", "/"+forbidden+"/", 1),
		apiRoot + "namespaces/" + forbidden + "/pods/*/fails", // of the delegate
	} {
		for _, user := range []string{"viewer", controller} {
			if code, body, err := s.ask(t.Context(), s.proxy, user, path); err != nil || code != http.StatusForbidden {
				t.Errorf("%s is answered %d %s, %v about %s", user, code, body, err, path)
			}
		}
	}
}

func (s *served) nonsense(t *testing.T) {
	before := s.reviews("")
	for _, path := range []string{
		strings.Replace(metricPath, "redises.redis-metrics.dev", "redis.redis-metrics.dev", 1),
		strings.Replace(metricPath, "redises.redis-metrics.dev", "pods/a/b", 1),
		strings.Replace(metricPath, "/cart/", "/CART/", 1),
		strings.Replace(metricPath, "v1beta2", "v9", 1),
		metricPath + "?metricLabelSelector=" + strings.Repeat("!a,", 65) + "!a",
		metricPath + "?labelSelector=%28",
		"/apis/apps/v1/namespaces/shop/deployments/cart",
	} {
		if code, body, err := s.ask(t.Context(), s.proxy, "viewer", path); err != nil || code < 400 || code > 404 || code == http.StatusForbidden {
			t.Errorf("%s is answered %d %s, %v", path, code, body, err)
		}
	}
	if asked := s.reviews("") - before; asked != 0 {
		t.Errorf("%d SubjectAccessReviews for requests without an answer", asked)
	}
}

func (s *served) longNames(t *testing.T) {
	for _, path := range []string{"/apis/custom.metrics.k8s.io/v1beta2/" + strings.Repeat("n", 900), metricPath + "?labelSelector=a+in+%28" + strings.Repeat("v", 4000)} {
		code, body, err := s.ask(t.Context(), s.proxy, strings.Repeat("u", 5000), path)
		if err != nil || code < 400 || len(body) > errorBytes || !json.Valid([]byte(body)) {
			t.Errorf("answered %d with %d bytes, %v: %s", code, len(body), err, body)
		}
	}
}

func (s *served) delegateInTrouble(t *testing.T) {
	of := func(metric string) string { return apiRoot + "namespaces/shop/pods/*/" + metric }
	if code, _, err := s.ask(t.Context(), s.nobody, "", of("fails")); err != nil || code != http.StatusUnauthorized {
		t.Errorf("nobody is answered %d, %v", code, err)
	}
	before := s.reviews("viewer")
	if code, body, err := s.ask(t.Context(), s.proxy, "viewer", of("fails")); err != nil || code != http.StatusNotFound || len(body) != 2*errorBytes {
		t.Errorf("an error is answered %d with %d bytes, %v", code, len(body), err)
	}
	if s.reviews("viewer") == before {
		t.Error("nobody was asked whether the user may")
	}
	if code, body, err := s.ask(t.Context(), s.proxy, "viewer", of("breaks")); err == nil {
		t.Errorf("an answer that breaks off looks whole: %d %s", code, body)
	}
	if code, body, err := s.ask(t.Context(), s.proxy, "viewer", apiRoot[:len(apiRoot)-1]); err != nil || code != http.StatusOK || !strings.Contains(body, `"pods/fails"`) {
		t.Errorf("discovery is answered %d %s, %v", code, body, err)
	}
	ctx, leave := context.WithCancel(t.Context())
	var crowd sync.WaitGroup
	for range 2 * waitersAtMost {
		crowd.Go(func() { _, _, _ = s.ask(ctx, s.proxy, "viewer", of("hangs")) })
	}
	for range 20 {
		began := time.Now()
		if code, body, err := s.ask(t.Context(), s.proxy, "viewer", metricPath); err != nil || code != http.StatusOK {
			t.Errorf("ours is answered %d %s, %v after %s", code, body, err, time.Since(began))
		}
	}
	leave()
	crowd.Wait()
}

// crowdConnects opens connections that ask for nothing.
func (s *served) crowdConnects(t *testing.T) {
	var crowd []*tls.Conn
	for range connectionsPerPeer + 100 {
		dialer := &net.Dialer{Timeout: 5 * time.Second}
		conn, err := tls.DialWithDialer(dialer, "tcp", s.address, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // as above
		if err == nil {
			crowd = append(crowd, conn)
		}
	}
	var reads sync.WaitGroup
	var open atomic.Int64
	for _, conn := range crowd {
		reads.Go(func() {
			defer func() { _ = conn.Close() }()
			_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
			if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
				open.Add(1) // the server has not closed it
			}
		})
	}
	if code, _, err := s.ask(t.Context(), s.proxy, controller, metricPath); err != nil || code != http.StatusOK {
		t.Errorf("the front proxy is answered %d, %v on its connection", code, err)
	}
	<-time.After(connectionGrace)
	if code, _, err := s.ask(t.Context(), client(t, s.proxies), controller, metricPath); err != nil || code != http.StatusOK {
		t.Errorf("the front proxy is answered %d, %v on another connection from an address that has all it may", code, err)
	}
	reads.Wait()
	if open.Load() > connectionsPerPeer {
		t.Errorf("%d connections are open, want at most %d", open.Load(), connectionsPerPeer)
	}
}
