package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/doctor"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// diagnosing is how long a trouble may take to show, or to go: two syncs of an HPA and a few looks.
const diagnosing = time.Minute

// diagnosis is what the plugin's doctor prints.
type diagnosis struct {
	doctor.Report
	code int
}

// command makes a command that runs in the repository, with kubectl and its plugin on PATH.
func (s *fixture) command(ctx context.Context, kubeconfig, name string, args ...string) (*exec.Cmd, error) {
	root, rootErr := filepath.Abs(filepath.Join("..", ".."))
	bin, binErr := filepath.Abs(os.Getenv("BIN_DIR"))
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = root
	command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "KUBECONFIG="+kubeconfig,
		"KUBECACHEDIR="+filepath.Join(s.Dir(), "kubectl-cache"))
	return command, errors.Join(rootErr, binErr)
}

// doctor runs "kubectl redis-metrics doctor" as the reader, or else as the administrator.
func (s *fixture) doctor(ctx context.Context, args ...string) (diagnosis, error) {
	return s.doctorAs(ctx, cmp.Or(s.reader, s.Kubeconfig()), args...)
}

func (s *fixture) doctorAs(ctx context.Context, kubeconfig string, args ...string) (diagnosis, error) {
	stdout, stderr, code, err := s.plugin(ctx, kubeconfig, append([]string{"doctor", "-o", "json"}, args...)...)
	d := diagnosis{code: code}
	if err == nil {
		err = json.Unmarshal([]byte(stdout), &d.Report)
	}
	if err != nil {
		return d, fmt.Errorf("doctor ended with %d and wrote %s%s: %w", code, stdout, stderr, err)
	}
	return d, nil
}

// plugin runs a command of "kubectl redis-metrics", and returns what it prints.
func (s *fixture) plugin(ctx context.Context, kubeconfig string, args ...string) (stdout, stderr string, code int, err error) {
	command, err := s.command(ctx, kubeconfig, filepath.Join(os.Getenv("BIN_DIR"), "kubectl"), append([]string{"redis-metrics", args[0], "-n", s.namespace}, args[1:]...)...)
	if err != nil {
		return "", "", 0, err
	}
	var out, errOut bytes.Buffer
	command.Stdout, command.Stderr = &out, &errOut
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		return "", "", 0, err
	}
	return out.String(), errOut.String(), command.ProcessState.ExitCode(), nil
}

// names says how the diagnosis differs from one that names a trouble first.
func (d diagnosis) names(code string) error {
	first, _ := d.First()
	if string(first.Code) != code || first.Command == "" || d.code != d.ExitCode() || d.code == 0 {
		return fmt.Errorf("exit code %d, doctor names %q first, want %q: %+v", d.code, first.Code, code, d.Checks)
	}
	return nil
}

// diagnosed waits until doctor names a trouble first, and returns what it says.
func (s *fixture) diagnosed(t *testing.T, code string, args ...string) doctor.Check {
	t.Helper()
	var first doctor.Check
	eventually(t, diagnosing, func(ctx context.Context) error {
		d, err := s.doctor(ctx, args...)
		if err != nil {
			return err
		}
		first, _ = d.First()
		return d.names(code)
	})
	return first
}

// healthy waits until doctor finds no trouble.
func (s *fixture) healthy(t *testing.T, args ...string) {
	t.Helper()
	eventually(t, diagnosing, func(ctx context.Context) error {
		d, err := s.doctor(ctx, args...)
		if err == nil && (d.code != 0 || len(d.Checks) == 0) {
			err = fmt.Errorf("exit code %d: %+v", d.code, d.Checks)
		}
		return err
	})
}

// mend runs a command as doctor prints it, with a word in place of each in capitals.
func (s *fixture) mend(t *testing.T, check doctor.Check, fill ...string) {
	t.Helper()
	command, err := s.command(t.Context(), s.Kubeconfig(), "/bin/sh", "-ec", strings.NewReplacer(fill...).Replace(check.Command))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", check.Command, err, out)
	}
}

// trouble is a row of the page on troubleshooting, and how it is brought about and mended.
type trouble struct {
	code, name string
	// version, redis and metric are what the HPA of the row asks for, unless it asks for keys of a Redis that is up.
	version, redis, metric string
	bring                  func(*testing.T, *fixture, trouble)
	// quotes is the message of the HPA, if the page quotes it.
	quotes string
	// fill holds the words in capitals of the command, and what a user writes in their place.
	fill []string
	// next is the trouble that is left once the command has run, if there is one.
	next string
	// end mends what the command does not.
	end func(*testing.T, *fixture, trouble)
}

// decisions returns the codes whose command does not mend the trouble as printed, and what a person has to decide or do.
// Where the command has words in capitals, a row says what is written there, and it is run so.
func decisions() map[string]string {
	return map[string]string{
		"RedisNotFound":    "which of several objects the HPA is to describe",
		"NoRedisMetric":    "which metric of which object the HPA is to read",
		"MetricNotFound":   "which metric is meant",
		"NoMatchingSeries": "which of the values that the message lists is meant",
		"NoMaxmemory":      "how much memory a replica should hold",
		"ScalingLimited":   "how many replicas may be paid for",
		"TargetNotFound":   "which workload is meant",
		"HPANotFound":      "which HPA is meant",

		"ConnectionRefused": "start Redis, or let the adapter reach it",
		"FallbackInUse":     "repair what makes the value unknown",
		"FallbackEnded":     "repair what makes the value unknown",
		"ValueUnknown":      "do what the message says, which differs with the metric",
		"ScalingInactive":   "repair a metric of another project",
		"NotReady":          "run the command, which diagnoses one of the objects",

		"AdapterNotReady":    "repair what the log of the pod shows",
		"MissingEndpoints":   "repair what the pods show",
		"AdapterUnreachable": "open the network to the pods, or restart them",
		"AdapterVersions":    "wait for the rollout, which the command shows, or repair its new pods",
		"ReplicasDisagree":   "wait for a replica to sample, or let it reach Redis",
		"CertificateExpires": "repair what the log says keeps the certificate from being renewed",
		"DiscoveryStale":     "wait for the API server, which asks again by itself",

		"Forbidden":        "ask an administrator, who decides who may read what",
		"Unreadable":       "repair the API server",
		"KubernetesTooOld": "upgrade Kubernetes",
	}
}

// hpaTrouble brings about the trouble of an HPA.
func (s *fixture) hpaTrouble(t *testing.T, row trouble) {
	t.Helper()
	s.autoscaler(t, row.name, cmp.Or(row.version, "redis-metrics.dev/v1alpha1"), cmp.Or(row.redis, "up"), cmp.Or(row.metric, "keys"))
	s.trouble(t, row, "hpa/"+row.name)
}

// trouble brings about a trouble, holds that doctor names it first, and runs the command that it prints.
func (s *fixture) trouble(t *testing.T, row trouble, args ...string) {
	t.Helper()
	if row.bring != nil {
		row.bring(t, s, row)
	}
	if row.quotes != "" {
		s.awaitSaid(t, diagnosing, row.name, row.quotes)
	}
	check := s.diagnosed(t, row.code, args...)
	_, decided := decisions()[row.code]
	mended := !decided || row.fill != nil
	if mended {
		s.mend(t, check, row.fill...)
	}
	if row.next != "" {
		s.diagnosed(t, row.next, args...)
		mended = false
	}
	if row.end != nil {
		row.end(t, s, row)
		mended = true
	}
	if mended {
		s.healthy(t, args...)
	}
}

// number finds what differs from one time to another in a message that deploy/docs/troubleshooting.md quotes.
var number = regexp.MustCompile(`[0-9]+(\\\.[0-9]+)?s`)

// quotation is a message that the page on troubleshooting quotes.
type quotation struct{ pattern *regexp.Regexp }

// quoted finds a quotation in the page, where "..." stands for what is left out.
func quoted(t *testing.T, text string) quotation {
	t.Helper()
	if !strings.Contains(troubleshooting(t), "`"+text+"`") {
		t.Errorf("troubleshooting.md does not quote %s", text)
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(text), `\.\.\.`, `.*`)
	return quotation{regexp.MustCompile("(?s)" + number.ReplaceAllString(pattern, `[0-9.]+s`))}
}

// in says whether a message is another than the one quoted.
func (q quotation) in(message string) error {
	if !q.pattern.MatchString(message) {
		return fmt.Errorf("the message is %q, want one that matches %s", message, q.pattern)
	}
	return nil
}

// troubleshooting returns the page.
func troubleshooting(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), "deploy", "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEveryTroubleIsBroughtAbout checks that tests of this package have doctor name each code of the page, and run the
// command that it prints, unless a person has to decide something. The reasons of Redis objects are brought about by the
// faults of package faults; pkg/doctor shows that each is named as it is.
func TestEveryTroubleIsBroughtAbout(t *testing.T) {
	t.Parallel()
	decided := decisions()
	brought, mended := map[string]bool{}, map[string]bool{}
	for _, row := range slices.Concat(apiTroubles(), hpaTroubles()) {
		brought[row.code] = true
		if _, decides := decided[row.code]; !decides {
			mended[row.code] = true
			if row.fill != nil {
				t.Errorf("the command of %s is not complete, and no decision is stated", row.code)
			}
		}
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	diagnoses := regexp.MustCompile(`(?:(\w+) := )?(\.mend\(t, )?(?:\w+\.diagnosed\(t, |\w+\.names\()"(\w+)"`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range diagnoses.FindAllStringSubmatch(string(text), -1) {
			kept, runs, code := found[1], found[2] != "", found[3]
			brought[code] = true
			if runs || kept != "" && strings.Contains(string(text), ".mend(t, "+kept+")") {
				mended[code] = true
			}
		}
	}
	rows := regexp.MustCompile("(?m) \\| `([A-Za-z]+)` \\|$").FindAllStringSubmatch(troubleshooting(t), -1)
	if len(rows) < 40 {
		t.Errorf("the page has %d rows with a code", len(rows))
	}
	onPage := map[string]bool{}
	for _, row := range rows {
		onPage[row[1]] = true
	}
	for code := range onPage {
		if !brought[code] {
			t.Errorf("no test brings %s about", code)
		}
		if _, decides := decided[code]; mended[code] == decides {
			t.Errorf("the command of %s is run as printed: %t, a person has to decide: %t", code, mended[code], decides)
		}
	}
	for code := range decided {
		if !onPage[code] {
			t.Errorf("a person has to decide about %s, which is not on the page", code)
		}
	}
}

// healthyInstallation holds that doctor finds nothing where nothing is wrong, and is useful to who may read little.
func (s *fixture) healthyInstallation(t *testing.T) {
	s.autoscaler(t, "app", "redis-metrics.dev/v1alpha1", "cart", "requests-per-second")
	for _, args := range [][]string{{}, {"hpa/app"}, {"redis/cart"}, {"--pre"}} {
		s.healthy(t, args...)
	}
	for _, test := range []struct {
		args  []string
		wants []string
	}{
		{[]string{"explain", "requests-per-second", "redis/cart"}, []string{"Unit: ", "role=primary", "Series: "}},
		{[]string{"version"}, []string{"custom.metrics.k8s.io/v1beta2", "redis-metrics.dev/v1alpha1", "no pods"}},
		{[]string{"__complete", "doctor", "hpa/"}, []string{"hpa/app\n"}},
		{[]string{"doctor", "hpa/app"}, []string{"Value\n  ok        requests-per-second of Redis cart is ", "failure 0, unknown 0."}},
	} {
		stdout, stderr, _, err := s.plugin(t.Context(), s.Kubeconfig(), test.args...)
		for _, want := range test.wants {
			if !strings.Contains(stdout, want) {
				t.Errorf("%v: %v, printed\n%s%s\nwant %q", test.args, err, stdout, stderr, want)
			}
		}
	}
	s.kubectl(t, "create", "rolebinding", "viewer", "-n", s.namespace, "--clusterrole=view", "--user=viewer")
	viewer := s.kubeconfigFor(t, "viewer")
	eventually(t, 15*time.Second, func(ctx context.Context) error {
		d, err := s.doctorAs(ctx, viewer, "hpa/app")
		if err != nil {
			return err
		}
		served := slices.ContainsFunc(d.Checks, func(c doctor.Check) bool { return c.Hop == doctor.HopValue && c.Mark == doctor.OK })
		if first, _ := d.First(); d.code != 1 || first.Mark != doctor.Unknown || !served {
			return fmt.Errorf("exit code %d: %+v", d.code, d.Checks)
		}
		return nil
	})
}

// TestDoctorOfManyObjects bounds the time that doctor and top take where there is much to look at. Its API server refuses
// minReplicas 0, and fails at the end.
func TestDoctorOfManyObjects(t *testing.T) {
	t.Parallel()
	const objects, autoscalers, most = 1000, 200, 10 * time.Second
	s := newFixture(t, ownHarness(t, func(o *cluster.Options) {
		o.ExtraArgs = map[string][]string{cluster.APIServer: {"--feature-gates=HPAScaleToZero=false"}}
	}))
	const refused = "The API server refuses HPAs whose minReplicas is 0."
	if check := s.diagnosed(t, "HPANotFound", "hpa/queue"); !strings.Contains(check.Message, refused) {
		t.Errorf("doctor says %q, want %q", check.Message, refused)
	}
	server := redistest.New(t)
	var all []*unstructured.Unstructured
	for i := range objects {
		all = append(all, object("redis-metrics.dev/v1alpha1", "Redis", s.namespace, fmt.Sprintf("cart-%d", i), map[string]any{
			"address": server.Addr, "sampling": map[string]any{"interval": "5m", "window": "10m", "maxAge": "10m"},
		}))
	}
	for i := range autoscalers {
		all = append(all, object("autoscaling/v2", "HorizontalPodAutoscaler", s.namespace, fmt.Sprintf("app-%d", i), map[string]any{
			"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": fmt.Sprintf("app-%d", i)}, "maxReplicas": int64(2),
			"metrics": []any{map[string]any{"type": "Object", "object": map[string]any{
				"describedObject": map[string]any{"apiVersion": "redis-metrics.dev/v1alpha1", "kind": "Redis", "name": fmt.Sprintf("cart-%d", i)},
				"metric":          map[string]any{"name": "keys"}, "target": map[string]any{"type": "AverageValue", "averageValue": "1000"},
			}}},
		}))
	}
	if err := s.Apply(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"hpa/app-7"}, {"redis/cart-7"}} {
		began := time.Now()
		if _, err := s.doctor(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		t.Logf("doctor %v took %s", args, took)
		if took > most {
			t.Errorf("doctor %v took %s, want at most %s", args, took, most)
		}
	}
	began := time.Now()
	o, err := s.overview(t.Context())
	took := time.Since(began)
	t.Logf("top took %s", took)
	if err != nil || len(o.Objects) != objects || len(o.HPAs) != autoscalers || took > 2*most {
		t.Errorf("top took %s, want at most %s, for %d objects and %d HPAs: %v", took, 2*most, len(o.Objects), len(o.HPAs), err)
	}
	s.kubectl(t, "patch", "apiservice", "v1.authorization.k8s.io", "--type=merge", "-p", `{"spec":{"service":{"namespace":"none","name":"none"}}}`)
	s.diagnosed(t, "Unreadable", "--pre")
}

func object(version, kind, namespace, name string, spec map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": version, "kind": kind, "spec": spec}}
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}
