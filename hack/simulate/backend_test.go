package simulate

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

const groupVersion = "custom.metrics.k8s.io/v1beta2"

// backend serves the custom metrics API from the plays, by the name of their HPA.
type backend struct {
	mu    sync.Mutex
	plays map[string]*play
}

// startBackend serves until the test ends, and routes the API to it.
func startBackend(t *testing.T, c *cluster.Cluster) *backend {
	t.Helper()
	b := &backend{plays: map[string]*play{}}
	server := httptest.NewTLSServer(b)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(address.Port())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Route(t.Context(), metav1.NamespaceDefault, "metrics", port, "v1beta2.custom.metrics.k8s.io"); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *backend) add(p *play) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.plays[p.name] = p
}

// ServeHTTP answers discovery, and requests for .../services/HPA/metric-INDEX.
func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/apis/"+groupVersion {
		_ = json.NewEncoder(w).Encode(metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: groupVersion})
		return
	}
	_, object, _ := strings.Cut(r.URL.Path, "/services/")
	name, metric, _ := strings.Cut(object, "/")
	var index int
	_, err := fmt.Sscanf(metric, "metric-%d", &index)
	b.mu.Lock()
	p := b.plays[name]
	b.mu.Unlock()
	if err != nil || p == nil {
		http.NotFound(w, r)
		return
	}
	value, err := p.asked(r.Context(), index)
	if err != nil || value.Unknown {
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure, Reason: metav1.StatusReasonNotFound, Code: http.StatusNotFound})
	} else {
		_ = json.NewEncoder(w).Encode(v1beta2.MetricValueList{TypeMeta: metav1.TypeMeta{Kind: "MetricValueList", APIVersion: groupVersion}, Items: []v1beta2.MetricValue{{
			DescribedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Service", Namespace: metav1.NamespaceDefault, Name: name},
			Metric:          v1beta2.MetricIdentifier{Name: metric}, Timestamp: metav1.Now(), Value: *resource.NewMilliQuantity(value.Milli, resource.DecimalSI),
		}}})
	}
	p.answered(time.Now())
}
