package deploy

import (
	"reflect"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/expression"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

// TestManifestsOfTheDocs compares what the documentation shows with the API.
func TestManifestsOfTheDocs(t *testing.T) {
	metrics := catalog.Builtin()
	declared := 0
	for _, document := range documents(t) {
		object, err := decode([]byte(document))
		if err != nil {
			t.Errorf("%v in\n%s", err, document)
			continue
		}
		if redis, ok := object.(*v1alpha1.Redis); ok {
			for _, metric := range redis.Spec.Metrics {
				declared++
				if _, builtin := metrics.Lookup(metric.Name); builtin {
					t.Errorf("every object has a metric %s", metric.Name)
				}
				if metric.Expression != "" {
					if _, err := expression.Compile(metric.Expression); err != nil {
						t.Errorf("%s: %v", metric.Name, err)
					}
				}
			}
		}
	}
	if declared < 5 {
		t.Errorf("the documentation declares %d metrics", declared)
	}
}

// TestSampleMetricsAreOfEachKind compares the samples with the API, both ways.
func TestSampleMetricsAreOfEachKind(t *testing.T) {
	metrics := catalog.Builtin()
	shown := map[string]bool{}
	for _, metric := range only[*v1alpha1.Redis](t, "samples-metrics").Spec.Metrics {
		if _, builtin := metrics.Lookup(metric.Name); builtin {
			t.Errorf("every object has a metric %s", metric.Name)
		}
		fields := reflect.ValueOf(metric)
		for n := range fields.NumField() {
			if !fields.Field(n).IsZero() {
				shown[fields.Type().Field(n).Name] = true
			}
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[v1alpha1.Metric]()) {
		if !shown[field.Name] {
			t.Errorf("no sample has %s", field.Name)
		}
	}
}

// documents returns the YAML documents in the pages. One that begins with spec is
// a part of a Redis object.
func documents(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, page := range pages(t) {
		for _, block := range pagetest.Blocks(t, page) {
			if block.Kind != "yaml" {
				continue
			}
			for _, document := range strings.Split(block.Text, "\n---\n") {
				if strings.HasPrefix(document, "spec:") {
					document = "apiVersion: redis-metrics.dev/v1alpha1\nkind: Redis\n" + document
				}
				found = append(found, document)
			}
		}
	}
	return found
}
