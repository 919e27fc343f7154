// Command minimal-adapter serves the custom metrics API with the least that its library lets one do: a provider that
// knows nothing and answers at once. What a request to it costs is what the library, TLS and authorization cost.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	basecmd "sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

func main() {
	o, err := parse(os.Args[1:])
	if err == nil {
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "minimal-adapter:", err)
		os.Exit(1)
	}
}

// options are what it takes of the arguments that the adapter is started with.
type options struct {
	kubeconfig, address string
	port                int
	// delegate is another adapter, as NAMESPACE/SERVICE:PORT, and ca what its
	// certificate is verified by.
	delegate, ca string
}

// parse passes over arguments that are for the adapter alone.
func parse(args []string) (options, error) {
	var o options
	flags := pflag.NewFlagSet("minimal-adapter", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "file that says how to reach the API server")
	flags.StringVar(&o.address, "bind-address", "127.0.0.1", "address to listen at")
	flags.IntVar(&o.port, "secure-port", 6443, "port to serve HTTPS at")
	flags.StringVar(&o.delegate, "delegate-to", "", "adapter of this machine that answers for metrics of pods")
	flags.StringVar(&o.ca, "delegate-ca-file", "", "authority of its certificate")
	return o, flags.Parse(args)
}

func run(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	adapter := &basecmd.AdapterBase{Name: "minimal-adapter"}
	if err := adapter.Flags().Parse([]string{
		"--lister-kubeconfig=" + o.kubeconfig, "--authentication-kubeconfig=" + o.kubeconfig, "--authorization-kubeconfig=" + o.kubeconfig,
		"--bind-address=" + o.address, "--secure-port=" + strconv.Itoa(o.port), "--cert-dir=",
	}); err != nil {
		return err
	}
	adapter.WithCustomMetrics(constant{})
	if o.delegate != "" {
		if err := delegate(adapter, o); err != nil {
			return err
		}
	}
	return adapter.Run(ctx)
}

// delegate has metrics of pods answered through the proxy of the standard library,
// which stands where the adapter's own does: behind authorization.
func delegate(adapter *basecmd.AdapterBase, o options) error {
	service, port, _ := strings.Cut(o.delegate, ":")
	namespace, name, _ := strings.Cut(service, "/")
	text, err := os.ReadFile(o.ca)
	if err != nil {
		return err
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(text)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "https", Host: net.JoinHostPort("127.0.0.1", port)})
		},
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: authorities, ServerName: name + "." + namespace + ".svc", MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: 16,
		},
	}
	config, err := adapter.Config()
	if err != nil {
		return err
	}
	build := config.GenericConfig.BuildHandlerChainFunc
	config.GenericConfig.BuildHandlerChainFunc = func(own http.Handler, c *genericapiserver.Config) http.Handler {
		return build(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/pods/") {
				proxy.ServeHTTP(w, r)
				return
			}
			own.ServeHTTP(w, r)
		}), c)
	}
	return nil
}

// listed is how many values a list has.
const listed = 10000

// constant is a provider of one value.
type constant struct{}

func (c constant) GetMetricByName(_ context.Context, name types.NamespacedName, info provider.CustomMetricInfo, _ labels.Selector) (*custom_metrics.MetricValue, error) {
	value := c.value(name.Namespace, name.Name, info.Metric)
	return &value, nil
}

func (c constant) GetMetricBySelector(_ context.Context, namespace string, _ labels.Selector, info provider.CustomMetricInfo, _ labels.Selector) (*custom_metrics.MetricValueList, error) {
	list := &custom_metrics.MetricValueList{Items: make([]custom_metrics.MetricValue, listed)}
	for n := range list.Items {
		list.Items[n] = c.value(namespace, "redis", info.Metric)
	}
	return list, nil
}

func (c constant) ListAllMetrics() []provider.CustomMetricInfo {
	return []provider.CustomMetricInfo{{
		GroupResource: schema.GroupResource{Group: "redis-metrics.dev", Resource: "redises"}, Namespaced: true, Metric: "requests-per-second",
	}}
}

func (c constant) value(namespace, name, metric string) custom_metrics.MetricValue {
	window := int64(15)
	return custom_metrics.MetricValue{
		DescribedObject: custom_metrics.ObjectReference{
			Kind: "Redis", APIVersion: "redis-metrics.dev/v1alpha1", Namespace: namespace, Name: name,
		},
		Metric:        custom_metrics.MetricIdentifier{Name: metric},
		Timestamp:     metav1.NewTime(time.Now()),
		WindowSeconds: &window,
		Value:         *resource.NewMilliQuantity(1234567, resource.DecimalSI),
	}
}
