package server

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/delegate"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

const (
	metricPath = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/redises.redis-metrics.dev/cart/keys"
	controller = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"
	// forbidden is a namespace whose metrics nobody may read.
	forbidden = "vault"
)

// apiServer is what the adapter asks of the cluster's API server.
type apiServer struct {
	proxies *redistest.Authority

	mu    sync.Mutex
	asked map[string]int // SubjectAccessReviews by user
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Query().Get("sendInitialEvents") != "":
		http.Error(w, "cannot stream a list", http.StatusUnprocessableEntity) // and so clients list
	case r.URL.Query().Get("watch") != "":
		w.Header().Set("Content-Type", "application/json")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	case strings.HasSuffix(r.URL.Path, "/subjectaccessreviews"):
		review := &authorizationv1.SubjectAccessReview{}
		a.answer(w, r, review, func() {
			a.asked[review.Spec.User]++
			review.Status.Allowed = review.Spec.ResourceAttributes == nil || review.Spec.ResourceAttributes.Namespace != forbidden
		})
	case strings.HasSuffix(r.URL.Path, "/tokenreviews"):
		a.answer(w, r, &authenticationv1.TokenReview{}, func() {})
	case strings.HasSuffix(r.URL.Path, "/configmaps"):
		list := &corev1.ConfigMapList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMapList"}, Items: []corev1.ConfigMap{a.configMap()}}
		list.ResourceVersion = "1"
		a.answer(w, nil, list, nil)
	default:
		configMap := a.configMap()
		a.answer(w, nil, &configMap, nil)
	}
}

// answer reads an object from a request, has it filled in, and sends it.
func (a *apiServer) answer(w http.ResponseWriter, r *http.Request, object any, fill func()) {
	if r != nil {
		if err := json.NewDecoder(r.Body).Decode(object); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		a.mu.Lock()
		fill()
		a.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object)
}

func (a *apiServer) configMap() corev1.ConfigMap {
	return corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "extension-apiserver-authentication", ResourceVersion: "1"},
		Data: map[string]string{
			"client-ca-file":                     string(a.proxies.PEM),
			"requestheader-client-ca-file":       string(a.proxies.PEM),
			"requestheader-allowed-names":        "[]",
			"requestheader-username-headers":     `["X-Remote-User"]`,
			"requestheader-group-headers":        `["X-Remote-Group"]`,
			"requestheader-extra-headers-prefix": `["X-Remote-Extra-"]`,
		},
	}
}

// reviews returns how many SubjectAccessReviews there were of a user, or of all.
func (a *apiServer) reviews(user string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if user != "" {
		return a.asked[user]
	}
	sum := 0
	for _, count := range a.asked {
		sum += count
	}
	return sum
}

// anything is a provider of one value for whatever is asked.
type anything struct{}

func (anything) ListAllMetrics() []provider.CustomMetricInfo {
	return []provider.CustomMetricInfo{{GroupResource: v1alpha1.GroupResource(), Namespaced: true, Metric: "keys"}}
}

func (anything) GetMetricByName(context.Context, types.NamespacedName, provider.CustomMetricInfo, labels.Selector) (*custom_metrics.MetricValue, error) {
	return &custom_metrics.MetricValue{}, nil
}

func (anything) GetMetricBySelector(context.Context, string, labels.Selector, provider.CustomMetricInfo, labels.Selector) (*custom_metrics.MetricValueList, error) {
	return &custom_metrics.MetricValueList{}, nil
}

// troubled is a delegate that does what its metric is called.
type troubled struct{}

func (troubled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Via", delegate.Via)
	switch path.Base(r.URL.Path) {
	case "fails":
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, strings.Repeat("x", 2*errorBytes))
	case "breaks":
		_, _ = io.WriteString(w, `{"items": [`)
		panic(http.ErrAbortHandler)
	case "hangs":
		<-r.Context().Done()
	}
}

func (troubled) Resources(string) []metav1.APIResource { return metricsOf("pods/fails") }

func (troubled) OnListed(listed func()) { listed() }

// served is a whole server, and the API server that it asks.
type served struct {
	*apiServer
	address string
	proxy   *http.Client // presents the front proxy's certificate
	nobody  *http.Client
}

// serve starts a server. A process can have one: the library registers its metrics once.
func serve(t *testing.T) *served {
	t.Helper()
	s := &served{apiServer: &apiServer{proxies: redistest.NewAuthority(t), asked: map[string]int{}}}
	cluster := httptest.NewServer(s.apiServer)
	t.Cleanup(cluster.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	options := NewOptions()
	options.Adapter.SecureServing.Listener, options.ShutdownDelay = listener, 0
	yes := func() bool { return true }
	server, err := New(options, Config{
		Kubeconfig: kubeconfigFor(t, cluster.URL), Provider: anything{}, Delegate: troubled{}, Asked: func(types.NamespacedName) {},
		Synced: yes, Current: func() error { return nil }, Warm: yes, Alive: func() error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.PrepareRun().RunWithContext(ctx) }()
	s.proxy, s.nobody = client(t, s.proxies), client(t, nil)
	t.Cleanup(func() {
		s.proxy.CloseIdleConnections()
		s.nobody.CloseIdleConnections()
		stop()
		cluster.CloseClientConnections()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	s.await(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.asked)
	return s
}

// kubeconfigFor writes a kubeconfig for a server.
func kubeconfigFor(t *testing.T, url string) string {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: url}
	config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c"}
	config.CurrentContext = "c"
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// client makes a client that presents a certificate of an authority, if there is one.
func client(t *testing.T, of *redistest.Authority) *http.Client {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the server's own certificate is for localhost, by nobody
	if of != nil {
		pair, err := tls.X509KeyPair(of.Issue(time.Now().Add(time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, MaxConnsPerHost: 16}}
}

// await waits until the server knows the front proxy.
func (s *served) await(t *testing.T) {
	t.Helper()
	for range 600 {
		if code, _, err := s.ask(t.Context(), s.proxy, controller, metricPath); err == nil && code == http.StatusOK {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	t.Fatal("the server is not ready within 30 s")
}

// ask asks as a user, as the front proxy does, or as nobody.
func (s *served) ask(ctx context.Context, by *http.Client, user, path string) (code int, body string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+s.address+path, nil)
	if err != nil {
		return 0, "", err
	}
	if user != "" {
		r.Header.Set("X-Remote-User", user)
		r.Header.Set("X-Remote-Group", "system:authenticated")
	}
	response, err := by.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}
