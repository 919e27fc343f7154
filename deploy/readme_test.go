package deploy

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/expression"
)

// What the README shows is what the API takes.
func TestManifestsOfTheReadme(t *testing.T) {
	metrics, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	for _, block := range blocks(t, "../README.md") {
		for _, document := range strings.Split(block, "\n---\n") {
			if strings.HasPrefix(document, "spec:") {
				document = "apiVersion: redis-metrics.dev/v1alpha1\nkind: Redis\n" + document
			}
			object, err := decode([]byte(document))
			if err != nil {
				t.Errorf("%v in\n%s", err, document)
				continue
			}
			redis, ok := object.(*v1alpha1.Redis)
			if !ok {
				continue
			}
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
		t.Errorf("the README declares %d metrics", declared)
	}
}

// TestSampleMetricsAreOfEachKind holds the samples against the API, both ways.
func TestSampleMetricsAreOfEachKind(t *testing.T) {
	metrics, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
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

// blocks returns the YAML in a Markdown file.
func blocks(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, rest := range strings.Split(string(text), "\n```yaml\n")[1:] {
		block, _, _ := strings.Cut(rest, "\n```")
		found = append(found, block)
	}
	return found
}
