package deploy

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-base/metrics"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/server"
)

const prometheusDir = "components/prometheus"

func TestComponentPrometheus(t *testing.T) {
	monitor, service := only[*serviceMonitor](t, prometheusDir), only[*corev1.Service](t, base)
	// The labels that the base gives to each of its objects.
	var given map[string]string
	for _, m := range load(t, base) {
		if k, ok := m.object.(*kustomization); ok {
			given = k.Labels[0].Pairs
		}
	}
	if !labels.SelectorFromSet(monitor.Spec.Selector.MatchLabels).Matches(labels.Set(given)) {
		t.Errorf("the ServiceMonitor selects %v, the Service has %v", monitor.Spec.Selector.MatchLabels, given)
	}
	endpoint := monitor.Spec.Endpoints[0]
	if endpoint.Port != service.Spec.Ports[0].Name || endpoint.Scheme != "https" ||
		endpoint.TLSConfig.ServerName != service.Name+"."+service.Namespace+".svc" {
		t.Errorf("%+v is scraped, which is not the Service %s", endpoint, service.Name)
	}
	var own []string
	for _, rule := range only[*rbacv1.Role](t, base).Rules {
		if slices.Contains(rule.Resources, "secrets") {
			own = append(own, rule.ResourceNames...)
		}
	}
	if secret := endpoint.TLSConfig.CA.Secret; !slices.Equal(own, []string{secret.Name}) || secret.Key != corev1.ServiceAccountRootCAKey {
		t.Errorf("the CA is in key %s of Secret %s, the adapter writes ca.crt of %q", secret.Key, secret.Name, own)
	}
	checkRules(t, "ClusterRole", only[*rbacv1.ClusterRole](t, prometheusDir).Rules, []rbacv1.PolicyRule{
		{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}},
	})
}

func TestCertManagerCarriesTheCAOfTheServiceMonitor(t *testing.T) {
	serving := all[*certificate](t, "components/cert-manager")["redis-metrics-adapter-serving"].Spec.SecretName
	for _, patch := range componentOf(t, "cert-manager").Patches {
		if patch.Target.Kind == "ServiceMonitor" && strings.Contains(patch.Patch, "/tlsConfig/ca/secret/name\n") && strings.HasSuffix(patch.Patch, "value: "+serving+"\n") {
			return
		}
	}
	t.Errorf("cert-manager has no patch that gives the Secret %s to the ServiceMonitor", serving)
}

func TestAlertsTellWhatToDo(t *testing.T) {
	readme := read(t, "README.md")
	seen := map[string]bool{}
	for _, group := range only[*prometheusRule](t, prometheusDir).Spec.Groups {
		for _, rule := range group.Rules {
			if seen[rule.Alert] || !strings.HasPrefix(rule.Alert, "RedisMetricsAdapter") {
				t.Errorf("the name %q is taken, or does not say whose it is", rule.Alert)
			}
			seen[rule.Alert] = true
			if !strings.Contains(readme, "\n| `"+rule.Alert+"` | ") {
				t.Errorf("README.md does not list %s", rule.Alert)
			}
			if rule.For.Duration <= 0 || !slices.Contains([]string{"critical", "warning"}, rule.Labels["severity"]) {
				t.Errorf("%s fires after %s as %q", rule.Alert, rule.For.Duration, rule.Labels["severity"])
			}
			if rule.Annotations["summary"] == "" || len(rule.Annotations["description"]) < 80 {
				t.Errorf("%s does not tell what to do: %q", rule.Alert, rule.Annotations)
			}
		}
	}
	if len(seen) < 8 {
		t.Errorf("only %d alerts", len(seen))
	}
}

// dashboard holds the fields of a Grafana dashboard that name metrics.
type dashboard struct {
	Panels []struct {
		ID      int    `json:"id"`
		Title   string `json:"title"`
		Targets []struct {
			Expr string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
}

// TestMetricsThatAreAskedForExist compares the metrics in alerts and the dashboard with those that the adapter registers.
func TestMetricsThatAreAskedForExist(t *testing.T) {
	exist := map[string]bool{}
	register := func(all ...metrics.Registerable) {
		for _, each := range all {
			exist[each.FQName()] = true
		}
	}
	server.NewMetrics(register)
	server.NewDelegateMetrics(register)
	asked := map[string]string{}
	for _, group := range only[*prometheusRule](t, prometheusDir).Spec.Groups {
		for _, rule := range group.Rules {
			asked[rule.Alert] = rule.Expr
		}
	}
	data, err := os.ReadFile(prometheusDir + "/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var shown dashboard
	if err := json.Unmarshal(data, &shown); err != nil {
		t.Fatal(err)
	}
	for _, panel := range shown.Panels {
		for _, target := range panel.Targets {
			asked["the panel "+panel.Title] += target.Expr + "\n"
		}
	}
	name := regexp.MustCompile(`redis_metrics_adapter_[a-z_]+`)
	selector := regexp.MustCompile(`([a-z_]+)(\{[^}]*\})?`)
	for who, expr := range asked {
		found := name.FindAllString(expr, -1)
		for _, metric := range found {
			if !exist[metric] && !exist[strings.TrimSuffix(metric, "_bucket")] {
				t.Errorf("%s asks for %s, which does not exist", who, metric)
			}
		}
		if len(found) == 0 && !strings.Contains(expr, "up{") && !strings.Contains(expr, "process_") {
			t.Errorf("%s asks for nothing of the adapter: %s", who, expr)
		}
		for _, match := range selector.FindAllStringSubmatch(expr, -1) {
			if strings.HasPrefix(match[1], "redis_metrics_adapter_") && !strings.HasPrefix(match[2], `{job="redis-metrics-adapter"`) {
				t.Errorf("%s asks for %s of every job", who, match[0])
			}
		}
	}
}
