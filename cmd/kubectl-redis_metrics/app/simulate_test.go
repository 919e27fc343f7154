package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

const (
	sample = "../../../deploy/samples/hpa-averagevalue.yaml"
	load   = "testdata/load.csv"
)

// run runs the plugin, and returns what it prints and its exit code.
func run(t *testing.T, input string, arguments ...string) (output, problem string, code int) {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	var out, errOut bytes.Buffer
	code = Main(context.Background(), arguments, "test", genericiooptions.IOStreams{In: strings.NewReader(input), Out: &out, ErrOut: &errOut})
	return out.String(), errOut.String(), code
}

// TestSimulateExample runs the example of the documentation.
func TestSimulateExample(t *testing.T) {
	output, problem, code := run(t, "", "simulate", "-f", sample, "--series", load, "--max", "10", "--scale-down-stabilization", "1m")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, problem)
	}
	text, err := os.ReadFile(load)
	if err != nil {
		t.Fatal(err)
	}
	block := func(language, text string) string { return "```" + language + "\n" + text + "```\n" }
	pagetest.Table(t, "../../../deploy/docs/simulate.md", "load", block("text", string(text)))
	pagetest.Table(t, "../../../deploy/docs/simulate.md", "simulation", block("text", output))
}

func TestSimulateJSON(t *testing.T) {
	series, err := os.ReadFile(load)
	if err != nil {
		t.Fatal(err)
	}
	output, problem, code := run(t, string(series), "simulate", "-f", sample, "--series", "-", "-o", "json", "--target", "500", "--target", "2k", "--replicas", "3")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, problem)
	}
	var document struct {
		Settings []struct {
			Name    string
			Summary struct{ ReplicaHours float64 }
			Syncs   []struct{ CurrentReplicas int }
		}
	}
	if err := json.Unmarshal([]byte(output), &document); err != nil {
		t.Fatal(err)
	}
	settings := document.Settings
	if len(settings) != 3 || settings[0].Name != "as is" || settings[2].Name != "target=2k" || len(settings[0].Syncs) != 81 || settings[0].Syncs[0].CurrentReplicas != 3 {
		t.Fatalf("settings %+v", settings)
	}
	if settings[1].Summary.ReplicaHours <= settings[2].Summary.ReplicaHours {
		t.Errorf("a lower target costs no more: %v", settings)
	}
}

func TestSimulateRefuses(t *testing.T) {
	tests := []struct {
		name      string
		arguments []string
		want      string
	}{
		{"no HPA", []string{"--series", load}, "name one HPA: as hpa/NAME, or by -f FILE"},
		{"two HPAs", []string{"hpa/app", "-f", sample, "--series", load}, "name one HPA"},
		{"two loads", []string{"-f", sample, "--record", "1m", "--from-prometheus", "http://localhost:9090"}, "name one load: --record, or --from-prometheus"},
		{"no Prometheus", []string{"-f", sample, "--series", load, "--query", "x"}, "--query is for --from-prometheus"},
		{"an address", []string{"-f", sample, "--from-prometheus", "localhost:9090", "--query", "x"}, "--from-prometheus must be a URL such as http://localhost:9090"},
		{"too much history", []string{"-f", sample, "--from-prometheus", "http://localhost:9090", "--history", "100h"}, "--history must be less than 11000 times --sync-period"},
		{"too little history", []string{"-f", sample, "--from-prometheus", "http://localhost:9090", "--history", "1s"}, "--history must be at least --sync-period"},
		{"no query", []string{"-f", sample, "--from-prometheus", "http://localhost:9090"}, "--query: there is none for metric requests-per-second"},
		{"no load", []string{"-f", sample}, "name a load: --series FILE, --record DURATION, or --from-prometheus URL"},
		{"another output", []string{"-f", sample, "--series", load, "-o", "yaml"}, `--output "yaml" is unknown: use json, or leave it out`},
		{"an old version", []string{"-f", sample, "--series", load, "--kubernetes", "1.29"}, "1.29 of Kubernetes is not covered: use 1.30 to 1.37"},
		{"no version", []string{"-f", sample, "--series", load, "--kubernetes", "new"}, "--kubernetes must be a version such as 1.37"},
		{"no HPA in the file", []string{"-f", "../../../deploy/samples/statefulset.yaml", "--series", load}, "there are 0 HorizontalPodAutoscalers of autoscaling/v2: name one"},
		{"an unknown field", []string{"-f", "testdata/typo.yaml", "--series", load}, `HorizontalPodAutoscaler typo: strict decoding error: unknown field "spec.maxReplica"`},
		{"a setting that the API refuses", []string{"-f", sample, "--series", load, "--min", "9"}, "min=9: spec.maxReplicas: Invalid value: 5"},
		{"a file that is not there", []string{"-f", sample, "--series", "none.csv"}, "none.csv: no such file"},
		{"a sync period of nothing", []string{"-f", sample, "--series", load, "--sync-period", "0s"}, "--sync-period must be at least 1s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			output, problem, code := run(t, "", append([]string{"simulate"}, test.arguments...)...)
			if code != 2 || output != "" || !strings.Contains(problem, test.want) {
				t.Errorf("exit code %d, %q, want %s", code, problem, test.want)
			}
		})
	}
}

// TestRecord reads an HPA and its metrics from an API server.
func TestRecord(t *testing.T) {
	requests := 0
	answers := map[string]string{
		"/api":                                `{"kind":"APIVersions","versions":["v1"]}`,
		"/apis":                               `{"kind":"APIGroupList","apiVersion":"v1","groups":[` + group("autoscaling", "v2") + "," + group("redis-metrics.dev", "v1alpha1") + "," + group("custom.metrics.k8s.io", "v1beta2") + `]}`,
		"/apis/autoscaling/v2":                `{"kind":"APIResourceList","groupVersion":"autoscaling/v2","resources":[{"name":"horizontalpodautoscalers","singularName":"horizontalpodautoscaler","namespaced":true,"kind":"HorizontalPodAutoscaler","shortNames":["hpa"],"verbs":["get"]}]}`,
		"/apis/redis-metrics.dev/v1alpha1":    `{"kind":"APIResourceList","groupVersion":"redis-metrics.dev/v1alpha1","resources":[{"name":"redises","singularName":"redis","namespaced":true,"kind":"Redis","verbs":["get"]}]}`,
		"/apis/custom.metrics.k8s.io/v1beta2": `{"kind":"APIResourceList","groupVersion":"custom.metrics.k8s.io/v1beta2","resources":[]}`,
		"/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/app-hpa": `{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"app-hpa","namespace":"default"},
			"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"StatefulSet","name":"app"},"minReplicas":1,"maxReplicas":5,"metrics":[{"type":"Object","object":{
			"describedObject":{"apiVersion":"redis-metrics.dev/v1alpha1","kind":"Redis","name":"my-redis"},"metric":{"name":"requests-per-second"},"target":{"type":"AverageValue","averageValue":"1k"}}}]},
			"status":{"currentReplicas":2,"desiredReplicas":2}}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/redises.redis-metrics.dev/my-redis/requests-per-second" {
			requests++
			if requests == 2 {
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no sample yet","reason":"NotFound","code":404}`)
				return
			}
			fmt.Fprint(w, `{"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta2","metadata":{},"items":[{"describedObject":{"kind":"Redis","name":"my-redis"},"metric":{"name":"requests-per-second"},"timestamp":"2026-01-31T12:00:00Z","value":"3500m"}]}`)
			return
		}
		answer, found := answers[r.URL.Path]
		if !found {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, answer)
	}))
	defer server.Close()
	kept := filepath.Join(t.TempDir(), "load.csv")
	output, problem, code := run(t, "", "simulate", "hpa/app-hpa", "-n", "default", "--server", server.URL, "--cache-dir", t.TempDir(),
		"--record", "2s", "--sync-period", "1s", "--series", kept)
	if code != 0 || !strings.Contains(problem, "requests-per-second is unknown: ") || !strings.Contains(problem, "no sample yet") {
		t.Fatalf("exit code %d: %s", code, problem)
	}
	if !strings.Contains(output, "3500m") || !strings.Contains(output, "unknown") {
		t.Errorf("output %s", output)
	}
	text, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 4 || lines[0] != "time,requests-per-second" || !strings.HasSuffix(lines[2], ",unknown") || !strings.HasSuffix(lines[3], ",3500m") {
		t.Errorf("recorded %q", lines)
	}
	if _, err := time.Parse(time.RFC3339Nano, strings.Split(lines[1], ",")[0]); err != nil {
		t.Error(err)
	}
}

func group(name, version string) string {
	return fmt.Sprintf(`{"name":%q,"versions":[{"groupVersion":%q,"version":%q}],"preferredVersion":{"groupVersion":%q,"version":%q}}`,
		name, name+"/"+version, version, name+"/"+version, version)
}
