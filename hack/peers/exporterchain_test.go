package peers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

// exporterChain is redis_exporter, which Prometheus scrapes, and prometheus-adapter, which queries Prometheus.
//
// One exporter serves all Redis, as its documentation says for more than one. Each Redis is a target of Prometheus with the
// labels of a Service, which is the object that the HPA describes.
type exporterChain struct {
	plane                         *plane
	dir                           string
	workloads                     []workload
	prometheus, adapter           *cluster.Process
	exporterAddress, prometheusAt string
}

func (e *exporterChain) name() string { return "redis_exporter + Prometheus + prometheus-adapter" }

func (e *exporterChain) metrics() []metric { return []metric{requests, jobs} }

// scraping is how often Prometheus scrapes, and over what window it takes a rate. The recommended values come
// from Prometheus' "Getting started" and from prometheus-adapter's config.md. A rate needs two scrapes, whose times jitter: three
// intervals are the shortest window that always has them.
func (e *exporterChain) scraping(s setting) (interval, window time.Duration) {
	switch s {
	case fastest:
		return time.Second, 3 * time.Second
	case fresh:
		return 5 * time.Second, 15 * time.Second
	}
	return 15 * time.Second, 2 * time.Minute
}

func (e *exporterChain) configuration(s setting) string {
	interval, window := e.scraping(s)
	return fmt.Sprintf("scrape_interval %.0fs, rate over %.0fs", interval.Seconds(), window.Seconds())
}

func (e *exporterChain) window(s setting) time.Duration {
	_, window := e.scraping(s)
	return window
}

func (e *exporterChain) manifests(w workload) string {
	return w.objectHPA("v1", "Service", w.source.name, e.metricName(w.metric, w.setting))
}

func (e *exporterChain) configures(w workload) (once, each string) {
	return "scrape_configs:\n" + e.scrapeJob(w.setting) + e.rule(w.metric, w.setting), e.target(w.source)
}

func (e *exporterChain) metricName(m metric, s setting) string {
	if m == requests {
		return "redis_requests_" + string(s)
	}
	return "redis_" + string(m)
}

// scrapeJob scrapes targets as the documentation of redis_exporter says.
func (e *exporterChain) scrapeJob(s setting) string {
	interval, _ := e.scraping(s)
	return fmt.Sprintf(`- job_name: redis-%s
  scrape_interval: %s
  scrape_timeout: %s
  metrics_path: /scrape
  params: {check-single-keys: [%s]}
  relabel_configs:
  - {source_labels: [__address__], target_label: __param_target}
  - {source_labels: [__param_target], target_label: instance}
  - {target_label: __address__, replacement: "%s"}
  static_configs:
`, s, interval, min(interval, 10*time.Second), list, e.exporterAddress)
}

func (e *exporterChain) target(s source) string {
	return fmt.Sprintf("  - targets: [redis://%s]\n    labels: {namespace: %s, service: %s}\n", strings.Join(s.nodes, ", redis://"), namespace, s.name)
}

// rule makes a metric of a Service. A list is on one of several nodes, or on one and its replicas.
func (e *exporterChain) rule(m metric, s setting) string {
	series, query := "redis_key_size", "max(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)"
	if m == requests {
		_, window := e.scraping(s)
		series, query = "redis_commands_processed_total", fmt.Sprintf("sum(rate(<<.Series>>{<<.LabelMatchers>>}[%.0fs])) by (<<.GroupBy>>)", window.Seconds())
	}
	return fmt.Sprintf(`- seriesQuery: '%s{service!=""}'
  resources: {overrides: {namespace: {resource: namespace}, service: {resource: service}}}
  name: {as: %s}
  metricsQuery: '%s'
`, series, e.metricName(m, s), query)
}

func (e *exporterChain) path(w workload) string {
	return objectPath("services", w.source.name, e.metricName(w.metric, w.setting))
}

func (e *exporterChain) start(b *testing.B, p *plane) {
	b.Helper()
	*e = exporterChain{plane: p, dir: b.TempDir(), exporterAddress: freeAddress(b)}
	path := binary(b, "redis_exporter")
	out, err := exec.CommandContext(b.Context(), path, "--version").CombinedOutput()
	if err != nil {
		b.Fatal(err)
	}
	_, version, _ := strings.Cut(string(out), "Exporter ")
	version, _, _ = strings.Cut(version, " ")
	p.run(b, version, "Debian package prometheus-redis-exporter", cluster.Program{
		Name: "redis_exporter", Path: path, Ready: cluster.HTTPReady("http://" + e.exporterAddress + "/health"),
		Args: []string{"--web.listen-address=" + e.exporterAddress},
	})
	address := freeAddress(b)
	e.prometheusAt = "http://" + address
	e.configure(b)
	e.prometheus = p.runModule(b, "github.com/prometheus/prometheus", cluster.Program{
		Name: "prometheus", Path: binary(b, "prometheus"), Ready: cluster.HTTPReady(e.prometheusAt + "/-/ready"),
		Args: []string{"--config.file=" + filepath.Join(e.dir, "prometheus.yaml"), "--storage.tsdb.path=" + filepath.Join(e.dir, "data"), "--web.listen-address=" + address},
	})
}

// configure writes the configuration of Prometheus.
func (e *exporterChain) configure(b *testing.B) {
	b.Helper()
	targets, known := map[setting]string{}, map[string]bool{}
	for _, w := range e.workloads {
		if !known[w.source.name] {
			known[w.source.name] = true
			targets[w.setting] += e.target(w.source)
		}
	}
	text := "scrape_configs:\n"
	for s, of := range targets {
		text += e.scrapeJob(s) + of
	}
	writeFile(b, filepath.Join(e.dir, "prometheus.yaml"), text)
}

func (e *exporterChain) watch(b *testing.B, all []workload) {
	b.Helper()
	place := map[string]int{}
	for i, w := range e.workloads {
		place[w.name()] = i
	}
	for _, w := range all {
		if i, known := place[w.name()]; known {
			e.workloads[i] = w
		} else {
			e.workloads = append(e.workloads, w)
		}
	}
	e.configure(b)
	if err := e.prometheus.Signal(syscall.SIGHUP); err != nil {
		b.Fatal(err)
	}
	if e.adapter == nil {
		// The adapter lists the metrics that there are when it starts, and again a minute later.
		eventually(b, learning, "Prometheus has the length of a list", e.scraped)
		e.startAdapter(b)
	}
	e.plane.apply(b, all, e.manifests)
}

// scraped returns an error unless Prometheus has the length of some list.
func (e *exporterChain) scraped(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.prometheusAt+"/api/v1/query?query="+url.QueryEscape("count(redis_key_size)"), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), `"value":`) {
		return fmt.Errorf("no series: %s", text)
	}
	return nil
}

func (e *exporterChain) startAdapter(b *testing.B) {
	b.Helper()
	const service = "prometheus-adapter"
	port, rules := freePort(b), "rules:\n"+e.rule(jobs, recommended)
	for _, s := range []setting{recommended, fastest, fresh} {
		rules += e.rule(requests, s)
	}
	writeFile(b, filepath.Join(e.dir, "rules.yaml"), rules)
	certificates(b, e.dir, service+"."+systemNamespace+".svc")
	kubeconfig := e.plane.Kubeconfig()
	// The interval is that of the adapter's own manifests.
	e.adapter = e.plane.runModule(b, "sigs.k8s.io/prometheus-adapter", cluster.Program{
		Name: service, Path: binary(b, service), Ready: cluster.HTTPReady(fmt.Sprintf("https://127.0.0.1:%d/readyz", port)),
		Args: []string{
			"--prometheus-url=" + e.prometheusAt, "--config=" + filepath.Join(e.dir, "rules.yaml"), "--metrics-relist-interval=1m",
			"--lister-kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
			"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
			"--tls-cert-file=" + e.dir + "/tls.crt", "--tls-private-key-file=" + e.dir + "/tls.key",
		},
	})
	if err := e.plane.Route(b.Context(), systemNamespace, service, port, "v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"); err != nil {
		b.Fatal(err)
	}
}
