package credentials

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// apiServer answers requests for Secrets and ConfigMaps, in memory.
type apiServer struct {
	mu      sync.Mutex
	objects map[string]map[string]string // by path
	codes   map[string]int               // of paths, or of all ("")
	reads   map[string]int
	slow    time.Duration
	most    int // requests at one time
	now     int
}

func newAPIServer() *apiServer {
	return &apiServer{objects: map[string]map[string]string{}, codes: map[string]int{}, reads: map[string]int{}}
}

// RoundTrip implements http.RoundTripper.
func (s *apiServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.reads[r.URL.Path]++
	s.now++
	s.most = max(s.most, s.now)
	slow := s.slow
	s.mu.Unlock()
	if slow > 0 {
		<-time.After(slow)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now--
	if r.Method != http.MethodGet {
		return nil, fmt.Errorf("the verb is %s", r.Method)
	}
	code := max(s.codes[""], s.codes[r.URL.Path])
	object, ok := s.objects[r.URL.Path]
	if code == 0 && !ok {
		code = http.StatusNotFound
	}
	if code != 0 {
		return answer(code, metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
			Status:   metav1.StatusFailure, Code: int32(code), Reason: reasons()[code], Message: "no",
		}), nil
	}
	if strings.Contains(r.URL.Path, "/configmaps/") {
		return answer(http.StatusOK, map[string]any{"kind": "ConfigMap", "apiVersion": "v1", "data": object}), nil
	}
	data := map[string][]byte{}
	for key, value := range object {
		data[key] = []byte(value)
	}
	return answer(http.StatusOK, map[string]any{"kind": "Secret", "apiVersion": "v1", "data": data}), nil
}

func reasons() map[int]metav1.StatusReason {
	return map[int]metav1.StatusReason{
		http.StatusNotFound: metav1.StatusReasonNotFound, http.StatusForbidden: metav1.StatusReasonForbidden,
		http.StatusInternalServerError: metav1.StatusReasonInternalError, http.StatusTooManyRequests: metav1.StatusReasonTooManyRequests,
	}
}

func answer(code int, body any) *http.Response {
	text, _ := json.Marshal(body)
	return &http.Response{
		StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text)),
	}
}

// put stores an object at a path, or nil for none.
func (s *apiServer) put(path string, object map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if object == nil {
		delete(s.objects, path)
		return
	}
	s.objects[path] = object
}

// refuse has a path, or all, answered with a code, 0 for as usual.
func (s *apiServer) refuse(path string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[path] = code
}

// delay has each answer take some time.
func (s *apiServer) delay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = d
}

func (s *apiServer) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads[path]
}

// counts returns how many requests there were, for how many paths, and how many at one time.
func (s *apiServer) counts() (requests, paths, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.reads {
		requests += n
	}
	return requests, len(s.reads), s.most
}

const authPath = "/api/v1/namespaces/shop/secrets/my-redis-auth"

// keeping runs a test with a Manager in fake time, which is prepared before it runs.
func keeping(t *testing.T, test func(t *testing.T, s *apiServer, k *Manager), prepare ...func(*Manager)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newAPIServer()
		client, err := corev1.NewForConfig(&rest.Config{Host: "http://api.example", Transport: s, QPS: -1})
		if err != nil {
			t.Fatal(err)
		}
		k := New(client.RESTClient(), types.NamespacedName{Namespace: "monitoring", Name: "adapter"})
		for _, change := range prepare {
			change(k)
		}
		ctx, stop := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
		var running sync.WaitGroup
		running.Go(func() { k.Run(ctx) })
		test(t, s, k)
		stop()
		running.Wait()
	})
}

// withPassword is a target that names a password.
func withPassword(name string) *target.Target {
	return &target.Target{
		NamespacedName: types.NamespacedName{Namespace: "shop", Name: name}, UID: types.UID("uid-of-" + name), Generation: 1,
		Access: target.Access{Auth: &target.Auth{Username: "metrics", Password: passwordReference()}},
	}
}

func passwordReference() target.Reference {
	return target.Reference{Field: "spec.auth.passwordSecretRef", Kind: target.Secret, Name: "my-redis-auth", Keys: []string{"password"}}
}

func caReference(kind target.Kind) *target.Reference {
	return &target.Reference{Field: "spec.tls.ca" + string(kind) + "Ref", Kind: kind, Name: "my-ca", Keys: []string{"ca.crt"}}
}

func certificateReference() *target.Reference {
	return &target.Reference{Field: "spec.tls.certificateSecretRef", Kind: target.Secret, Name: "my-tls", Keys: []string{"tls.crt", "tls.key"}}
}

// get waits a second at most.
func get(t *testing.T, k *Manager, of *target.Target) (*Credentials, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	return k.Get(ctx, of, target.Servers)
}

// want asserts what password a target has.
func want(t *testing.T, k *Manager, of *target.Target, password string) *Credentials {
	t.Helper()
	c, err := get(t, k, of)
	if err != nil || c.Password != password {
		t.Fatalf("Get() = %v, %v; want the password %q", c, err, password)
	}
	return c
}

// wantError asserts why a target has none, and returns the error.
func wantError(t *testing.T, k *Manager, of *target.Target, want reason.Reason) (text, advice string) {
	t.Helper()
	c, err := get(t, k, of)
	var known *reason.Error
	if !errors.As(err, &known) || known.Reason != want || c != nil {
		t.Fatalf("Get() = %v, %v; want %s", c, err, want)
	}
	return known.Error(), known.Advice()
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
