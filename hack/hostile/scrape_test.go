package hostile

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// scrape is what a program's own metrics say at an instant.
type scrape map[string]*dto.MetricFamily

func parse(text []byte) (scrape, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(bytes.NewReader(text))
}

// sum adds up a gauge or a counter over all its labels that are as they shall be.
func (s scrape) sum(name string, of func(labels map[string]string) bool) float64 {
	total := 0.0
	for _, one := range s[name].GetMetric() {
		labels := map[string]string{}
		for _, label := range one.GetLabel() {
			labels[label.GetName()] = label.GetValue()
		}
		if of == nil || of(labels) {
			total += one.GetGauge().GetValue() + one.GetCounter().GetValue() + one.GetUntyped().GetValue()
		}
	}
	return total
}

// scrapeAdapter asks the adapter as the API server does, for an administrator.
func (w *world) scrapeAdapter(ctx context.Context) (scrape, error) {
	cert, key, _ := w.FrontProxy()
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	config := secured()
	config.Certificates = []tls.Certificate{pair}
	header := http.Header{"X-Remote-User": {"hostile"}, "X-Remote-Group": {"system:masters"}}
	return get(ctx, &http.Transport{TLSClientConfig: config}, w.adapter.BaseURL()+"/metrics", header)
}

// etcdURL returns where etcd's arguments say that it listens.
func (w *world) etcdURL() string {
	for _, arg := range w.Process(cluster.Etcd).Args() {
		if base, found := strings.CutPrefix(arg, "--listen-client-urls="); found {
			return base
		}
	}
	return ""
}

func (w *world) scrapeEtcd(ctx context.Context) (scrape, error) {
	return get(ctx, &http.Transport{}, w.etcdURL()+"/metrics", nil)
}

// askEtcd calls a method of etcd's key-value service in JSON.
func (w *world) askEtcd(ctx context.Context, method, body string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.etcdURL()+"/v3/kv/"+method, strings.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd answers %s with %s", method, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

func (w *world) scrapeAPIServer(ctx context.Context) (scrape, error) {
	text, err := w.client.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	return parse(text)
}

func get(ctx context.Context, transport *http.Transport, url string, header http.Header) (scrape, error) {
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header = header
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s: %.200q", url, response.Status, text)
	}
	return parse(text)
}
