package app

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
)

func TestQueriesOf(t *testing.T) {
	requests, jobs := hpa.Metric{Name: "requests-per-second"}, hpa.Metric{Name: "jobs"}
	for _, test := range []struct {
		queries []string
		metrics []hpa.Metric
		want    []string
		err     string
	}{
		{[]string{`sum(x{a="b"})`}, []hpa.Metric{requests}, []string{`sum(x{a="b"})`}, ""},
		{[]string{`jobs=sum(x{a="b"})`, "requests-per-second=y"}, []hpa.Metric{requests, jobs}, []string{"y", `sum(x{a="b"})`}, ""},
		{[]string{"jobs=x"}, []hpa.Metric{jobs}, []string{"x"}, ""},
		{[]string{"x"}, []hpa.Metric{requests, jobs}, nil, "write METRIC=QUERY, where METRIC is one of jobs, requests-per-second"},
		{[]string{"x", "y"}, []hpa.Metric{jobs}, nil, "there are two for metric jobs"},
		{[]string{"jobs=x"}, []hpa.Metric{requests, jobs}, nil, "there is none for metric requests-per-second"},
		{nil, []hpa.Metric{jobs}, nil, "there is none for metric jobs: write jobs=QUERY"},
	} {
		got, err := (&prometheus{queries: test.queries}).queriesOf(test.metrics)
		if !slices.Equal(got, test.want) || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%q: %q, %v, want %q, %q", test.queries, got, err, test.want, test.err)
		}
	}
}

// TestNoPrometheus shows that the reply of another server is not taken for a load. hack/simulate asks a real Prometheus.
func TestNoPrometheus(t *testing.T) {
	for name, answer := range map[string]string{
		"404 Not Found":                     "<html>",
		"not Prometheus":                    `{"status":"success","data":{"result":[{"values":[["0",1]]}]}}`,
		"the error of Prometheus: too many": `{"status":"error","error":"too many"}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(answer))
		}))
		p := &prometheus{url: server.URL, queries: []string{"x"}, history: time.Minute}
		if _, err := p.load(t.Context(), []hpa.Metric{{Name: "jobs"}}, time.Second); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
		server.Close()
	}
}
