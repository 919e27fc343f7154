package simulate

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

const scrapeInterval = 15 * time.Second

// TestFromPrometheus simulates what a real Prometheus holds of two instances, between which there was an outage.
func TestFromPrometheus(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	outage, recovery := now.Add(-20*time.Minute), now.Add(-10*time.Minute)
	address := startPrometheus(t, func(write func(sample string)) {
		for at := now.Add(-40 * time.Minute); at.Before(now); at = at.Add(scrapeInterval) {
			if at.Before(outage) {
				write(fmt.Sprintf("load{instance=\"a\"} 300.5 %d\n", at.Unix()))
				write(fmt.Sprintf("load{instance=\"b\"} 200 %d\n", at.Unix()))
			} else if at.After(recovery) {
				write(fmt.Sprintf("load{instance=\"a\"} 3500 %d\n", at.Unix()))
			}
		}
	})
	const query = "sum(max_over_time(load[20s]))"
	kept := filepath.Join(t.TempDir(), "load.csv")
	out, err := simulate(t, "--from-prometheus", address, "--query", query, "--history", "30m", "--series", kept)
	if err != nil || !strings.Contains(out, "500500m") || !strings.Contains(out, "unknown") || !strings.Contains(out, "1 -> 4") {
		t.Errorf("%v\n%s", err, out)
	}
	file, err := os.Open(kept)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) < 120 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	const blur = 2 * scrapeInterval // around the ends of the outage
	for _, row := range rows[1:] {
		at, err := time.Parse(time.RFC3339Nano, row[0])
		if err != nil {
			t.Fatal(err)
		}
		want := "unknown"
		switch {
		case at.Sub(outage).Abs() < blur, at.Sub(recovery).Abs() < blur, at.After(now):
			continue
		case at.Before(outage):
			want = "500.5"
		case at.After(recovery):
			want = "3500"
		}
		if row[1] != want {
			t.Errorf("%s at %s, want %s", row[1], row[0], want)
		}
	}
	for query, want := range map[string]string{
		"load":     "the query returns 2 series: aggregate them, such as by sum(...)",
		"sum(none": "the error of Prometheus: ",
		"none":     "no value in Prometheus from ",
	} {
		if out, err := simulate(t, "--from-prometheus", address, "--query", query); err == nil || !strings.Contains(out, want) {
			t.Errorf("query %s: %v, want %q in\n%s", query, err, want, out)
		}
	}
}

// simulate runs the plugin with the HPA of the samples.
func simulate(t *testing.T, args ...string) (string, error) {
	t.Helper()
	args = append([]string{"simulate", "-f", "../../deploy/samples/hpa-averagevalue.yaml"}, args...)
	out, err := exec.CommandContext(t.Context(), program("kubectl-redis_metrics"), args...).CombinedOutput()
	return string(out), err
}

// startPrometheus starts a Prometheus that holds samples, and returns its URL.
func startPrometheus(t *testing.T, samples func(write func(sample string))) string {
	t.Helper()
	dir := t.TempDir()
	text := strings.Builder{}
	text.WriteString("# TYPE load gauge\n")
	samples(func(sample string) { text.WriteString(sample) })
	text.WriteString("# EOF\n")
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string]string{"samples": text.String(), "prometheus.yaml": "{}"} {
		if err := os.WriteFile(path(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), program("promtool"), "tsdb", "create-blocks-from", "openmetrics", path("samples"), path("data")).CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	port, err := cluster.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	ctx, cancel := context.WithCancel(t.Context())
	server := exec.CommandContext(ctx, program("prometheus"), "--config.file="+path("prometheus.yaml"), "--storage.tsdb.path="+path("data"), "--web.listen-address="+address)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = server.Wait()
	})
	url := "http://" + address
	ready := cluster.HTTPReady(url + "/-/ready")
	if err := wait(ctx, time.Minute, func() error { return ready(ctx) }); err != nil {
		t.Fatal(err)
	}
	return url
}

func program(name string) string {
	return filepath.Join(cmp.Or(os.Getenv("BIN_DIR"), "../../bin"), name)
}
