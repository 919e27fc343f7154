// Command minimal-adapter serves the custom metrics API with the least that its library lets one do: a provider that
// knows nothing and answers at once. What a request to it costs is what the library, TLS and authorization cost.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	basecmd "sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "file that says how to reach the API server")
	address := flag.String("bind-address", "127.0.0.1", "address to listen at")
	port := flag.Int("secure-port", 6443, "port to serve HTTPS at")
	flag.Parse()
	if err := run(*kubeconfig, *address, *port); err != nil {
		fmt.Fprintln(os.Stderr, "minimal-adapter:", err)
		os.Exit(1)
	}
}

func run(kubeconfig, address string, port int) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	adapter := &basecmd.AdapterBase{Name: "minimal-adapter"}
	if err := adapter.Flags().Parse([]string{
		"--lister-kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=" + address, "--secure-port=" + strconv.Itoa(port), "--cert-dir=",
	}); err != nil {
		return err
	}
	adapter.WithCustomMetrics(constant{})
	return adapter.Run(ctx)
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
