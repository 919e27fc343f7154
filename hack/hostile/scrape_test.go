package hostile

import (
	"bytes"
	"context"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// scrape is what a program's own metrics say at an instant.
type scrape map[string]*dto.MetricFamily

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
func (w *fixture) scrapeAdapter(ctx context.Context) (scrape, error) {
	cert, key, _ := w.FrontProxy()
	adapter := client(&rest.Config{Host: w.adapter.BaseURL(), TLSClientConfig: rest.TLSClientConfig{Insecure: true, CertData: cert, KeyData: key}})
	return metrics(ctx, adapter.Get().SetHeader("X-Remote-User", "hostile").SetHeader("X-Remote-Group", "system:masters"))
}

// etcd returns a client of etcd, which listens where its arguments say.
func (w *fixture) etcd() rest.Interface {
	var url string
	for _, arg := range w.Process(cluster.Etcd).Args() {
		if listen, found := strings.CutPrefix(arg, "--listen-client-urls="); found {
			url = listen
		}
	}
	return client(&rest.Config{Host: url})
}

func client(config *rest.Config) rest.Interface {
	config.QPS, config.Timeout = -1, 10*time.Second
	return kubernetes.NewForConfigOrDie(config).CoreV1().RESTClient()
}

func metrics(ctx context.Context, request *rest.Request) (scrape, error) {
	text, err := request.AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(bytes.NewReader(text))
}
