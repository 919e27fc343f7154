package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

var targets = regexp.MustCompile(`(?m)^redis_metrics_adapter_targets(\{.*\})? 1$`)

// testScrape reads /metrics of each replica as the ServiceMonitor has Prometheus do: found, and read, by the
// ServiceAccount that the component names, and by no other.
func testScrape(t *testing.T) {
	var monitor monitoring.ServiceMonitor
	text := shared.kubectl(t, "get", "servicemonitor", namespace, "-n", namespace, "-o", "yaml")
	if err := yaml.UnmarshalStrict([]byte(text), &monitor); err != nil {
		t.Fatal(err)
	}
	shared.kubectl(t, "create", "namespace", "monitoring")
	defer shared.kubectl(t, "delete", "namespace", "monitoring")
	for _, account := range []string{"prometheus-k8s", "another"} {
		shared.kubectl(t, "create", "serviceaccount", account, "-n", "monitoring")
	}
	prometheus, another := shared.as(t, "monitoring", "prometheus-k8s"), shared.as(t, "monitoring", "another")
	found := discover(t, prometheus, monitor)
	if len(found) != 2 {
		t.Errorf("Prometheus finds %v, want two replicas", found)
	}
	client := shared.scraper(t, monitor)
	for _, address := range found {
		for _, who := range []struct {
			name, token string
			status      int
		}{
			{"prometheus-k8s", prometheus.BearerToken, http.StatusOK},
			{"another", another.BearerToken, http.StatusForbidden},
			{"nobody", "", http.StatusUnauthorized},
		} {
			status, body := scrape(t, client, address, who.token)
			if status != who.status || targets.MatchString(body) != (status == http.StatusOK) {
				t.Errorf("%s is answered %d by %s, want %d and one target: %.300s", who.name, status, address, who.status, body)
			}
		}
	}
	services := kubernetes.NewForConfigOrDie(another).CoreV1().Services(namespace)
	if _, err := services.List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("another account lists the Services of the adapter: %v", err)
	}
}

func (f fixture) as(t *testing.T, namespace, account string) *rest.Config {
	t.Helper()
	config := rest.AnonymousClientConfig(f.Config())
	config.BearerToken = strings.TrimSpace(f.kubectl(t, "create", "token", account, "-n", namespace))
	return config
}

// discover returns the addresses that a ServiceMonitor selects, as its reader sees them.
func discover(t *testing.T, reader *rest.Config, monitor monitoring.ServiceMonitor) (addresses []string) {
	t.Helper()
	client, err := kubernetes.NewForConfig(reader)
	if err != nil {
		t.Fatal(err)
	}
	services, err := client.CoreV1().Services(monitor.Namespace).List(t.Context(), metav1.ListOptions{
		LabelSelector: metav1.FormatLabelSelector(&monitor.Spec.Selector),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range services.Items {
		slices, err := client.DiscoveryV1().EndpointSlices(service.Namespace).List(t.Context(), metav1.ListOptions{
			LabelSelector: discoveryv1.LabelServiceName + "=" + service.Name,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, slice := range slices.Items {
			for _, port := range slice.Ports {
				if *port.Name != monitor.Spec.Endpoints[0].Port {
					continue
				}
				for _, endpoint := range slice.Endpoints {
					addresses = append(addresses, net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(int(*port.Port))))
				}
			}
		}
	}
	return addresses
}

// scraper returns a client that trusts whom the ServiceMonitor names, under the name that it gives.
func (f fixture) scraper(t *testing.T, monitor monitoring.ServiceMonitor) *http.Client {
	t.Helper()
	config := monitor.Spec.Endpoints[0].TLSConfig
	secret, err := f.client.CoreV1().Secrets(monitor.Namespace).Get(t.Context(), config.CA.Secret.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(secret.Data[config.CA.Secret.Key]) {
		t.Fatalf("Secret %s has no certificate under %s", secret.Name, config.CA.Secret.Key)
	}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: *config.ServerName}, DisableKeepAlives: true,
	}}
}

func scrape(t *testing.T, client *http.Client, address, token string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	_, err = io.Copy(&text, response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, text.String()
}
