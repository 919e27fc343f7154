// Package alerts holds the alert rules of deploy/components/prometheus to when they fire and when they do not, by
// "promtool test rules" on testdata/alerts.yaml. It holds no code but this test, and needs promtool in BIN_DIR or in
// bin: "make bin/promtool" builds it.
package alerts

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
)

const manifest = "../../deploy/components/prometheus/alerts.yaml"

// cases are the fields of promtool's test file that name alerts.
// Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
type cases struct {
	Tests []struct {
		AlertRuleTest []struct {
			Alert  string `json:"alertname"`
			Expect []any  `json:"exp_alerts"`
		} `json:"alert_rule_test"`
	} `json:"tests"`
}

func TestAlerts(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	promtool(t, "check", "rules", "--lint=all", "--lint-fatal", write("all.yaml", spec(t, true)))
	write("rules.yaml", spec(t, false))
	promtool(t, "test", "rules", write("alerts.yaml", read(t, "testdata/alerts.yaml")))
}

// spec returns what Prometheus reads of the object. Without the descriptions, promtool does not ask each test for them.
func spec(t *testing.T, descriptions bool) []byte {
	t.Helper()
	object := rules(t)
	for _, group := range object.Spec.Groups {
		for _, rule := range group.Rules {
			if !descriptions {
				delete(rule.Annotations, "description")
			}
		}
	}
	data, err := yaml.Marshal(object.Spec)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func rules(t *testing.T) (object monitoring.PrometheusRule) {
	t.Helper()
	if err := yaml.UnmarshalStrict(read(t, manifest), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// TestEachAlertIsTestedBothWays has every alert fire in one case and not in another.
func TestEachAlertIsTestedBothWays(t *testing.T) {
	var tested cases
	if err := yaml.Unmarshal(read(t, "testdata/alerts.yaml"), &tested); err != nil {
		t.Fatal(err)
	}
	fires, rests := map[string]bool{}, map[string]bool{}
	for _, test := range tested.Tests {
		for _, moment := range test.AlertRuleTest {
			fires[moment.Alert] = fires[moment.Alert] || len(moment.Expect) > 0
			rests[moment.Alert] = rests[moment.Alert] || len(moment.Expect) == 0
		}
	}
	for _, group := range rules(t).Spec.Groups {
		for _, rule := range group.Rules {
			if !fires[rule.Alert] || !rests[rule.Alert] {
				t.Errorf("%s: testdata/alerts.yaml has it fire: %t, has it not fire: %t", rule.Alert, fires[rule.Alert], rests[rule.Alert])
			}
		}
	}
}

func promtool(t *testing.T, args ...string) {
	t.Helper()
	path := filepath.Join(cmp.Or(os.Getenv("BIN_DIR"), "../../bin"), "promtool")
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("promtool is missing, run \"make $PWD/bin/promtool\" in the root: %v", err)
	}
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %q: %v\n%s", args, err, out)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
