package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"time"

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

func newCaller(c *cluster.Cluster, a *cluster.Adapter) (*caller, error) {
	cert, key, _ := c.FrontProxy()
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{
			Certificates: []tls.Certificate{pair},
			// The minimal adapter's certificate is signed by nobody; both are processes of this bench.
			InsecureSkipVerify: true,
			RootCAs:            x509.NewCertPool(),
		},
	}
	return &caller{base: a.BaseURL(), client: &http.Client{Transport: transport, Timeout: 2 * time.Minute}, accept: protobuf}, nil
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

// values returns how many values the list at a path has.
func (c *caller) values(ctx context.Context, path string) (int, error) {
	body, err := c.get(ctx, path)
	if err != nil {
		return 0, err
	}
	return valuesIn(body)
}

// valuesIn returns how many values a list has.
func valuesIn(body []byte) (int, error) {
	var list metrics.MetricValueList
	_, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, &list)
	return len(list.Items), err
}
