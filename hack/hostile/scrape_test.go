package hostile

import (
	"context"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/hack/measure"
)

// scrapeAdapter asks the adapter as the API server does, for an administrator.
func (w *fixture) scrapeAdapter(ctx context.Context) (measure.Metrics, error) {
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

func metrics(ctx context.Context, request *rest.Request) (measure.Metrics, error) {
	text, err := request.AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	return measure.Parse(text)
}
