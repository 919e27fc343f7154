package deploy

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/expression"
)

// kedaFields are the parameters of KEDA's redis triggers, of their TriggerAuthentication and, where it concerns them, of
// the ScaledObject.
// Source: the keda tags in pkg/scalers/redis_scaler.go and redis_streams_scaler.go of kedacore/keda v2.21.0, and
// https://keda.sh/docs/latest/reference/scaledobject-spec/
var kedaFields = []string{
	"address", "addresses", "host", "hosts", "port", "ports", "username", "password", "databaseIndex",
	"sentinelUsername", "sentinelPassword", "sentinelMaster", "enableTLS", "tls", "unsafeSsl", "ca", "cert", "key", "keyPassword",
	"listName", "listLength", "activationListLength",
	"stream", "consumerGroup", "pendingEntriesCount", "streamLength", "lagCount", "activationLagCount",
	"minReplicaCount", "maxReplicaCount", "pollingInterval", "cooldownPeriod", "fallback",
}

// kedaTriggers are the types of these triggers.
var kedaTriggers = []string{"redis-cluster", "redis-cluster-streams", "redis-sentinel", "redis-sentinel-streams"}

func TestMigrationTellsOfEachFieldOfKEDA(t *testing.T) {
	told := map[string]bool{}
	for _, row := range migration(t, "## KEDA") {
		for _, code := range codes(row[0]) {
			field, _, _ := strings.Cut(code, ":")
			told[field] = true
			if !slices.Contains(slices.Concat(kedaFields, kedaTriggers), strings.TrimSuffix(field, "FromEnv")) {
				t.Errorf("KEDA has no field %s", field)
			}
		}
	}
	for _, field := range kedaFields {
		if !told[field] {
			t.Errorf("migration.md does not tell what to write for %s", field)
		}
	}
}

// TestMigrationNamesWhatExists compares each piece of code in the right column with the schema, the catalog and the HPA.
func TestMigrationNamesWhatExists(t *testing.T) {
	metrics := catalog.Builtin()
	known := append(crdSchemas(t), hpaFields...)
	named := 0
	for _, heading := range []string{"## KEDA", "## prometheus-adapter"} {
		for _, row := range migration(t, heading) {
			for _, code := range codes(row[1]) {
				named++
				if _, builtin := metrics.Lookup(code); builtin {
					continue
				}
				if strings.Contains(code, "metric(") {
					if _, err := expression.Compile(code); err != nil {
						t.Errorf("%s: %v", code, err)
					}
					continue
				}
				if !slices.ContainsFunc(known, func(k func(string) error) bool { return k(code) == nil }) {
					t.Errorf("`%s`: neither a metric, nor a part of a Redis object or of an HPA", code)
				}
			}
		}
	}
	if named < 50 {
		t.Errorf("only %d pieces of code are named", named)
	}
}

func TestMigrationCheckRefuses(t *testing.T) {
	known := append(crdSchemas(t), hpaFields...)
	for _, code := range []string{"spec.adress", "spec.tls: {insecure: true}", "measure: Depth", "averageValu: 5", "list: {kee: a}", "requests"} {
		if slices.ContainsFunc(known, func(k func(string) error) bool { return k(code) == nil }) {
			t.Errorf("`%s` is taken", code)
		}
	}
}

// migration returns the two columns of the rows of the table below a heading.
func migration(t *testing.T, heading string) (rows [][2]string) {
	t.Helper()
	text, err := os.ReadFile("docs/migration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n"+heading)
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.SplitSeq(section, "\n") {
		columns := strings.Split(strings.Trim(line, "| "), " | ")
		if len(columns) == 2 && strings.HasPrefix(columns[0], "`") || strings.HasPrefix(line, "| any") {
			rows = append(rows, [2]string{columns[0], columns[1]})
		}
	}
	if len(rows) == 0 {
		t.Fatalf("no table below %s", heading)
	}
	return rows
}

// codes returns what stands between backquotes.
func codes(text string) (found []string) {
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			found = append(found, part)
		}
	}
	return found
}

// crdSchemas returns checks of code against a Redis object, a metric of its spec, and the sources of a metric.
func crdSchemas(t *testing.T) []func(code string) error {
	t.Helper()
	root := only[*customResourceDefinition](t, base).Spec.Versions[0].Schema["openAPIV3Schema"].(map[string]any)
	metric := schemaAt(root, "spec", "metrics")["items"].(map[string]any)
	var checks []func(string) error
	for _, schema := range []map[string]any{root, metric, schemaAt(metric, "stream"), schemaAt(metric, "info"), schemaAt(metric, "keys")} {
		checks = append(checks, func(code string) error {
			path, text, given := strings.Cut(code, ": ")
			at := schemaAt(schema, strings.Split(path, ".")...)
			if at == nil || !given {
				if at == nil {
					return fmt.Errorf("no field %s", path)
				}
				return nil
			}
			var value any
			if err := yaml.Unmarshal([]byte(text), &value); err != nil {
				return err
			}
			return fits(value, at)
		})
	}
	return checks
}

// schemaAt returns the schema of a field, nil if there is no such field.
func schemaAt(schema map[string]any, path ...string) map[string]any {
	for _, name := range path {
		fields, _ := schema["properties"].(map[string]any)
		schema, _ = fields[name].(map[string]any)
	}
	return schema
}

// fits returns an error for a field or a word of an enumeration that a schema does not have.
func fits(value any, schema map[string]any) error {
	switch value := value.(type) {
	case map[string]any:
		for name, below := range value {
			at := schemaAt(schema, name)
			if at == nil {
				return fmt.Errorf("no field %s", name)
			}
			if err := fits(below, at); err != nil {
				return err
			}
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for _, below := range value {
			if err := fits(below, items); err != nil {
				return err
			}
		}
	case string:
		if words, limited := schema["enum"].([]any); limited && !slices.Contains(words, any(value)) {
			return fmt.Errorf("%s is none of %v", value, words)
		}
	}
	return nil
}

// hpaFields check code against parts of a HorizontalPodAutoscaler.
var hpaFields = []func(code string) error{
	func(code string) error { return strictly(code, &autoscalingv2.HorizontalPodAutoscalerSpec{}) },
	func(code string) error { return strictly(code, &autoscalingv2.ObjectMetricSource{}) },
	func(code string) error { return strictly(code, &autoscalingv2.MetricTarget{}) },
	func(code string) error { return strictly(code, &autoscalingv2.MetricIdentifier{}) },
	func(code string) error { return strictly(code, &metav1.LabelSelector{}) },
}

// strictly decodes code, where a path with dots stands for nested fields and one without a value for any.
func strictly(code string, into any) error {
	path, value, given := strings.Cut(code, ": ")
	if !given {
		value = "null"
	}
	names := strings.Split(path, ".")
	return yaml.UnmarshalStrict([]byte(strings.Join(names, ": {")+": "+value+strings.Repeat("}", len(names)-1)), into)
}
