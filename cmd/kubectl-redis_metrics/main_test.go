package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/redis-metrics/redis-metrics-adapter/cmd/kubectl-redis_metrics/app"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

// run runs the plugin without a cluster.
func run(ctx context.Context, args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = app.Main(ctx, args, "v1.2.3-test", genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errs})
	return out.String(), errs.String(), code
}

// withoutCluster has the plugin find no kubeconfig, and a home that is the same everywhere.
func withoutCluster(t *testing.T) {
	t.Helper()
	t.Setenv("HOME", "/home/user")
	t.Setenv("KUBECONFIG", "/none")
	t.Setenv("KUBECACHEDIR", "")
}

func TestHelp(t *testing.T) {
	withoutCluster(t)
	for _, command := range []string{"", "doctor", "explain", "metrics", "simulate", "top", "version"} {
		stdout, stderr, code := run(t.Context(), append(strings.Fields(command), "--help")...)
		if stderr != "" || code != 0 {
			t.Errorf("%s --help printed %q to stderr, exit %d", command, stderr, code)
		}
		pagetest.File(t, filepath.Join("testdata", "help"+strings.TrimRight("-"+command, "-")+".golden"), stdout)
	}
}

func TestWithoutCluster(t *testing.T) {
	withoutCluster(t)
	for _, test := range []struct {
		name   string
		args   []string
		stdout string
		stderr string
		code   int
	}{
		{"version", []string{"version", "--client"}, "v1.2.3-test", "", 0},
		{"metrics", []string{"metrics"}, "requests-per-second ", "", 0},
		{"explain", []string{"explain", "requests-per-second"}, "role,command; also node, and in a cluster shard\n", "", 0},
		{"completion", []string{"completion", "bash"}, "kubectl-redis_metrics", "", 0},
		{"completion of a metric", []string{"__complete", "explain", "used-"}, "used-memory-bytes\t", "", 0},
		{"completion of a kind", []string{"__complete", "doctor", "h"}, "hpa/", "", 0},
		{"completion of an HPA to simulate", []string{"__complete", "simulate", "h"}, "hpa/", "", 0},
		{"no such metric", []string{"explain", "speed"}, "", `metric "speed" is not built in`, 2},
		{"no such kind", []string{"doctor", "pod/a"}, "", `"pod/a" is not an object: write hpa/NAME or redis/NAME`, 2},
		{"kind and name", []string{"top", "redis", "a"}, "", "write one redis/NAME", 2},
		{"no metric", []string{"explain"}, "", "name a metric: ", 2},
		{"a metric and a name", []string{"explain", "keys", "a"}, "", `"a" is not an object: write redis/NAME`, 2},
		{"no name", []string{"doctor", "hpa/"}, "", "write hpa/NAME", 2},
		{"two arguments", []string{"doctor", "hpa/a", "redis/b"}, "", `["hpa/a" "redis/b"] is more than one object: write one hpa/NAME or redis/NAME`, 2},
		{"pre with an object", []string{"doctor", "--pre", "hpa/a"}, "", "--pre takes no argument", 2},
		{"format", []string{"doctor", "-o", "xml"}, "", `--output "xml" is unknown: use json, or leave it out`, 2},
		{"format of top", []string{"top", "-o", "xml"}, "", `--output "xml" is unknown: use wide, json or yaml, or leave it out`, 2},
		{"interval", []string{"top", "-w", "--interval=0"}, "", "--interval must be at least 1s", 2},
		{"a page and a table", []string{"top", "--web", "-w"}, "", "--web shows a page: leave out --watch and --output", 2},
		{"all namespaces with an object", []string{"top", "-A", "redis/a"}, "", "--all-namespaces does not go with an object", 2},
		{"top of another kind", []string{"top", "hpa/a"}, "", `"hpa/a" is not an object: write redis/NAME`, 2},
		{"top without a cluster", []string{"top", "--server=https://127.0.0.1:1"}, "", "the API server does not answer: ", 2},
		{"no cluster", []string{"doctor", "--server=https://127.0.0.1:1"}, "", "the API server does not answer: ", 2},
		{"command", []string{"docter"}, "", "unknown command", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			stdout, stderr, code := run(t.Context(), test.args...)
			if !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) || code != test.code {
				t.Errorf("printed %q and %q, exit %d, want %q and %q, exit %d", stdout, stderr, code, test.stdout, test.stderr, test.code)
			}
		})
	}
}
