package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/client-go/rest"
	metrics "k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	"k8s.io/metrics/pkg/client/custom_metrics/scheme"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// caller calls an adapter at its own port, as the aggregator of the API server does: over one HTTP/2 connection with the
// front proxy's certificate, for a user whom headers name. So what is measured is the adapter's work and not the API
// server's, which costs a multiple of it on the same cores.
type caller struct {
	base   string
	client *http.Client
	accept string
}

// What asks for a metric, and in which encoding. Source: the HorizontalPodAutoscaler's client in k8s.io/metrics.
const protobuf = "application/vnd.kubernetes.protobuf, */*"

func (h *harness) callerOf(adapter *cluster.Adapter) *caller {
	h.b.Helper()
	cert, key, _ := h.FrontProxy()
	client, err := rest.HTTPClientFor(&rest.Config{
		// The minimal adapter's certificate is signed by nobody; both are processes of this bench.
		TLSClientConfig: rest.TLSClientConfig{Insecure: true, CertData: cert, KeyData: key}, Timeout: 2 * time.Minute,
	})
	check(h.b, err)
	return &caller{base: adapter.BaseURL(), client: client, accept: protobuf}
}

// get returns what an adapter answers at a path.
func (c *caller) get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", c.accept)
	request.Header.Set("X-Remote-User", "bench")
	request.Header.Set("X-Remote-Group", "system:masters")
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s: %.200q", path, response.Status, body)
	}
	return body, nil
}

// valuesIn returns how many values a list has.
func valuesIn(body []byte) (int, error) {
	var list metrics.MetricValueList
	_, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, &list)
	return len(list.Items), err
}
