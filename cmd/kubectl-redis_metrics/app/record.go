package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	custommetrics "k8s.io/metrics/pkg/client/custom_metrics"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa/simulation"
)

// recordLoad requests each value from the metrics API like the HPA controller, once per
// sync period.
func (s *simulate) recordLoad(ctx context.Context, object *autoscalingv2.HorizontalPodAutoscaler, metrics []hpa.Metric) (simulation.Load, error) {
	config, err := s.flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	mapper, err := s.flags.ToRESTMapper()
	if err != nil {
		return nil, err
	}
	namespace := object.Namespace
	if namespace == "" {
		if namespace, _, err = s.flags.ToRawKubeConfigLoader().Namespace(); err != nil {
			return nil, err
		}
	}
	client, err := newMetricsClient(config, mapper)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(s.streams.ErrOut, "recording %d metrics for %s, every %s\n", len(metrics), s.record, s.options.SyncPeriod)
	var recorded bytes.Buffer
	recorded.WriteString("time")
	for _, metric := range metrics {
		recorded.WriteString("," + metric.Name)
	}
	recorded.WriteString("\n")
	ticker := time.NewTicker(s.options.SyncPeriod)
	defer ticker.Stop()
	for left := s.record / s.options.SyncPeriod; left >= 0; left-- {
		now := time.Now().UTC().Format(time.RFC3339Nano)
		fmt.Fprintf(&recorded, "%s,%s\n", now, strings.Join(s.ask(client, namespace, object.Spec.Metrics), ","))
		if left == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ticker.C:
		}
	}
	return s.keep(recorded.Bytes(), metrics)
}

// keep writes a load to the file of --series, if any, and parses it.
func (s *simulate) keep(recorded []byte, metrics []hpa.Metric) (simulation.Load, error) {
	if s.series != "" {
		if err := os.WriteFile(s.series, recorded, 0o644); err != nil {
			return nil, err
		}
	}
	return simulation.Read(bytes.NewReader(recorded), metrics)
}

func newMetricsClient(config *rest.Config, mapper meta.RESTMapper) (custommetrics.CustomMetricsClient, error) {
	served, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return custommetrics.NewForConfig(config, mapper, custommetrics.NewAvailableAPIsGetter(served)), nil
}

// ask returns the value of each metric, and says on standard error why one is unknown.
func (s *simulate) ask(client custommetrics.CustomMetricsClient, namespace string, metrics []autoscalingv2.MetricSpec) (cells []string) {
	for _, metric := range metrics {
		cell := "unknown"
		value, err := askMetric(client, namespace, metric.Object)
		if err != nil {
			fmt.Fprintf(s.streams.ErrOut, "%s is unknown: %v\n", metric.Object.Metric.Name, err)
		} else {
			cell = value.String()
		}
		cells = append(cells, cell)
	}
	return cells
}

func askMetric(client custommetrics.CustomMetricsClient, namespace string, metric *autoscalingv2.ObjectMetricSource) (*resource.Quantity, error) {
	selector, err := metav1.LabelSelectorAsSelector(metric.Metric.Selector)
	if err != nil {
		return nil, err
	}
	kind := schema.FromAPIVersionAndKind(metric.DescribedObject.APIVersion, metric.DescribedObject.Kind).GroupKind()
	value, err := client.NamespacedMetrics(namespace).GetForObject(kind, metric.DescribedObject.Name, metric.Metric.Name, selector)
	if err != nil {
		return nil, err
	}
	return &value.Value, nil
}
