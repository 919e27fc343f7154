package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/overview"
)

// top runs "kubectl redis-metrics top", and returns what it prints.
func (s *fixture) top(ctx context.Context, kubeconfig string, args ...string) (stdout, stderr string, code int, err error) {
	return s.plugin(ctx, kubeconfig, append([]string{"top"}, args...)...)
}

// TestTop compares what top prints with kubectl get, on the samples, beside an object that nothing answers for.
func TestTop(t *testing.T) {
	t.Parallel()
	s, _ := stage(t, "hpa-averagevalue.yaml", 1900)
	s.redis(t, "lost", "127.0.0.1:1", nil)

	t.Run("values", func(t *testing.T) {
		eventually(t, 2*time.Minute, func(ctx context.Context) error {
			before, err := s.ask(ctx, "my-redis", "requests-per-second")
			if err != nil {
				return err
			}
			o, err := s.overview(ctx)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(o.Objects, func(object overview.Object) bool { return object.Name == "my-redis" })
			if i < 0 || len(o.Objects) != 2 || len(o.HPAs) != 1 || len(o.HPAs[0].Metrics) != 1 || len(o.Problems) > 0 {
				return fmt.Errorf("%+v", o)
			}
			served, object, metric := before.Items[0], o.Objects[i].Metrics[0], o.HPAs[0].Metrics[0]
			if !object.Timestamp.Equal(served.Timestamp.Time) {
				return errors.New("there was a sample between the two requests")
			}
			if object.Quantity == nil || object.Quantity.Cmp(served.Value) != 0 || *object.WindowSeconds != *served.WindowSeconds ||
				metric.Quantity == nil || metric.Quantity.Cmp(served.Value) != 0 {
				return fmt.Errorf("top shows %+v and %+v, the metrics API %+v", object, metric, served)
			}
			return nil
		})
	})
	t.Run("replicas", func(t *testing.T) {
		const columns = "custom-columns=:.metadata.name,:.status.currentReplicas,:.status.desiredReplicas,:.spec.minReplicas,:.spec.maxReplicas"
		eventually(t, time.Minute, func(ctx context.Context) error {
			want, err := s.Kubectl(ctx, "get", "hpa", "-n", s.namespace, "--no-headers", "-o", columns)
			if err != nil {
				return err
			}
			stdout, stderr, code, err := s.top(ctx, s.Kubeconfig())
			if err != nil || code != 0 {
				return fmt.Errorf("exit code %d, %w: %s", code, err, stderr)
			}
			row := rowOf(stdout, "app-hpa")
			if len(row) != 12 {
				return fmt.Errorf("no HPA in\n%s", stdout)
			}
			// HPA, WORKLOAD, CURRENT, DESIRED, READY, MIN, MAX, REDIS, METRIC, TARGET in two words, VALUE
			got := []string{row[0], row[2], row[3], row[5], row[6]}
			if !slices.Equal(got, strings.Fields(want)) || row[4] != row[2] || row[1] != "StatefulSet/app-statefulset" || row[9] != "1000" || row[10] != "AverageValue" {
				return fmt.Errorf("kubectl get hpa prints %q, top\n%s", want, stdout)
			}
			return nil
		})
	})
	t.Run("unknown", func(t *testing.T) {
		eventually(t, time.Minute, func(ctx context.Context) error {
			stdout, _, code, err := s.top(ctx, s.Kubeconfig())
			if row := rowOf(stdout, "lost"); err != nil || code != 0 || len(row) < 6 || row[1] != "False" || row[5] != "unknown:" {
				return fmt.Errorf("exit code %d, %w:\n%s", code, err, stdout)
			}
			return nil
		})
	})
	t.Run("object", func(t *testing.T) {
		stdout, stderr, code, err := s.top(t.Context(), s.Kubeconfig(), "redis/my-redis")
		row := rowOf(stdout, "requests-per-second")
		if err != nil || code != 0 || len(row) != 5 || !strings.HasSuffix(row[2], "s") || rowOf(stdout, "app-hpa") == nil {
			t.Errorf("exit code %d, %v, %s\n%s", code, err, stderr, stdout)
		}
		if _, stderr, code, err := s.top(t.Context(), s.Kubeconfig(), "redis/none"); err != nil || code != 2 || !strings.Contains(stderr, `"none" not found`) {
			t.Errorf("exit code %d, %v, %s", code, err, stderr)
		}
	})
	t.Run("watch", s.watchesTop)
	t.Run("rights", s.topByRights)
}

// overview returns what top prints as JSON.
func (s *fixture) overview(ctx context.Context) (o overview.Overview, err error) {
	stdout, stderr, code, err := s.top(ctx, s.Kubeconfig(), "-o", "json")
	if err != nil || code != 0 {
		return o, fmt.Errorf("exit code %d, %w: %s", code, err, stderr)
	}
	return o, json.Unmarshal([]byte(stdout), &o)
}

// rowOf returns the words of the row that begins with a name.
func rowOf(table, name string) []string {
	for row := range strings.Lines(table) {
		if words := strings.Fields(row); len(words) > 0 && words[0] == name {
			return words
		}
	}
	return nil
}

// watchesTop holds that a watch adds what it sees, and ends without an error when it is interrupted.
func (s *fixture) watchesTop(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command, err := s.command(ctx, s.Kubeconfig(), filepath.Join(os.Getenv("BIN_DIR"), "kubectl"),
		"redis-metrics", "top", "-n", s.namespace, "redis/my-redis", "-w", "--interval=1s")
	if err != nil {
		t.Fatal(err)
	}
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	out := watched{done: cancel}
	command.Stdout = &out
	// Cancel is how the test interrupts it, so the exit code alone counts.
	if err := command.Run(); command.ProcessState == nil || command.ProcessState.ExitCode() != 0 || !out.seen {
		t.Errorf("%v, two values seen: %t\n%s", err, out.seen, out.text.String())
	}
}

// watched calls done when a sparkline of two values is written.
type watched struct {
	text bytes.Buffer
	seen bool
	done func()
}

func (w *watched) Write(p []byte) (int, error) {
	w.text.Write(p)
	for row := range strings.Lines(string(p)) {
		words := strings.Fields(row)
		if len(words) == 6 && words[0] == "requests-per-second" && len([]rune(words[4])) >= 2 {
			w.seen = true
			w.done()
		}
	}
	return len(p), nil
}

// topByRights holds that top shows what its user may read, and names the rights for the rest.
func (s *fixture) topByRights(t *testing.T) {
	for _, test := range []struct {
		user, role string
		code       int
		stdout     string
		stderr     string
	}{
		{user: "stranger", code: 2, stderr: "forbidden: you need the right to list redises.redis-metrics.dev in namespace " + s.namespace},
		{user: "lister", role: "--verb=list --resource=hpa", stdout: "unknown: forbidden: you need the right to get redises.redis-metrics.dev/requests-per-second of group custom.metrics.k8s.io in namespace " + s.namespace},
	} {
		if test.role != "" {
			s.kubectl(t, append([]string{"create", "role", test.user, "-n", s.namespace}, strings.Fields(test.role)...)...)
			s.kubectl(t, "create", "rolebinding", test.user, "-n", s.namespace, "--role="+test.user, "--user="+test.user)
		}
		kubeconfig := s.kubeconfigFor(t, test.user)
		eventually(t, 15*time.Second, func(ctx context.Context) error {
			stdout, stderr, code, err := s.top(ctx, kubeconfig)
			if err != nil || code != test.code || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) {
				return fmt.Errorf("%s: exit code %d, %w, printed\n%s%s", test.user, code, err, stdout, stderr)
			}
			return nil
		})
	}
}
