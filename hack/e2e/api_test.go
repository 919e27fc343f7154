package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta1"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
)

// TestIdleReadsZero shows an exact 0 of a server that nobody uses but the adapter.
func TestIdleReadsZero(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	server := redistest.New(t)
	s.redis(t, "idle", server.Addr, nil)
	awaitRequests(t, s, "idle")
	throughout(t, 8*time.Second, func(ctx context.Context) error {
		list, err := s.ask(ctx, "idle", "requests-per-second")
		if err != nil {
			return err
		}
		if value := list.Items[0].Value; !value.IsZero() {
			return fmt.Errorf("an idle Redis reads %s requests per second", value.String())
		}
		return nil
	})
	commands, err := s.ask(t.Context(), "idle", "commands-per-second")
	if err != nil || commands.Items[0].Value.IsZero() {
		t.Errorf("the raw rate must count this adapter's own commands: %+v, %v", commands, err)
	}
}

// awaitRequests waits until requests-per-second of an object is known.
func awaitRequests(t *testing.T, s *fixture, name string) {
	t.Helper()
	eventually(t, 15*time.Second, func(ctx context.Context) error {
		_, err := s.requests(ctx, name)
		return err
	})
}

func TestMetricsAPI(t *testing.T) {
	t.Parallel()
	s := newFixture(t, shared)
	server := redistest.New(t)
	for name, tier := range map[string]string{"cart": "cache", "jobs": "queue"} {
		s.redis(t, name, server.Addr, map[string]string{"tier": tier})
		awaitRequests(t, s, name)
	}
	drive(t, server.Addr, 500)
	for _, command := range []string{"get", "set"} {
		eventually(t, 15*time.Second, func(ctx context.Context) error {
			body, err := s.get(ctx, s.path("v1beta2", "cart", "requests-per-second")+"?metricLabelSelector=command%3D"+command)
			if err != nil {
				return err
			}
			var list v1beta2.MetricValueList
			if err := json.Unmarshal(body, &list); err != nil {
				return err
			}
			if len(list.Items) != 1 || list.Items[0].Value.IsZero() { // 0 is known before any client sends it
				return fmt.Errorf("requests-per-second of %s answers %s", command, body)
			}
			return nil
		})
	}

	t.Run("json in both versions", func(t *testing.T) {
		for _, version := range versions() {
			out := s.kubectl(t, "get", "--raw", s.path(version, "cart", "used-memory-bytes"))
			var list struct {
				Kind, APIVersion string
				Items            []map[string]any
			}
			if err := json.Unmarshal([]byte(out), &list); err != nil {
				t.Fatal(err)
			}
			if list.Kind != "MetricValueList" || list.APIVersion != "custom.metrics.k8s.io/"+version || len(list.Items) != 1 {
				t.Errorf("%s answers %s", version, out)
			}
		}
	})
	t.Run("protobuf in both versions", func(t *testing.T) { s.protobuf(t) })
	t.Run("several objects", func(t *testing.T) {
		for query, want := range map[string]string{
			"/requests-per-second":                          "cart jobs",
			"/requests-per-second?labelSelector=tier=cache": "cart",
			"/requests-per-second?labelSelector=tier=none":  "",
		} {
			out := s.kubectl(t, "get", "--raw", strings.TrimSuffix(s.path("v1beta2", "*", ""), "/")+query)
			var list v1beta2.MetricValueList
			if err := json.Unmarshal([]byte(out), &list); err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, item := range list.Items {
				names = append(names, item.DescribedObject.Name)
			}
			if strings.Join(names, " ") != want {
				t.Errorf("%s lists %q, want %q", query, names, want)
			}
		}
	})
	t.Run("a command that no client has sent yet is 0", func(t *testing.T) {
		out := s.kubectl(t, "get", "--raw", s.path("v1beta2", "cart", "requests-per-second")+"?metricLabelSelector=command%3Dxadd")
		var list v1beta2.MetricValueList
		if err := json.Unmarshal([]byte(out), &list); err != nil || len(list.Items) != 1 || !list.Items[0].Value.IsZero() {
			t.Errorf("answers %s, %v", out, err)
		}
	})
	t.Run("errors", func(t *testing.T) { s.errors(t) })
	t.Run("kubectl api-resources", func(t *testing.T) {
		out := s.kubectl(t, "api-resources", "--api-group=custom.metrics.k8s.io", "--no-headers")
		for _, metric := range []string{"requests-per-second", "commands-per-second", "used-memory-bytes", "keys"} {
			if !strings.Contains(out, metric+".redises.redis-metrics.dev") {
				t.Errorf("does not list %s:\n%s", metric, out)
			}
		}
		alias := fmt.Sprintf("/apis/custom.metrics.k8s.io/v1beta2/namespaces/%s/used-memory-bytes.redises.redis-metrics.dev/cart", s.namespace)
		if out := s.kubectl(t, "get", "--raw", alias); !strings.Contains(out, `"metric":{"name":"used-memory-bytes"`) {
			t.Errorf("what is listed answers %s", out)
		}
	})
	t.Run("kubectl get redis", func(t *testing.T) { s.columns(t) })
}

func (s *fixture) get(ctx context.Context, path string) ([]byte, error) {
	path, query, _ := strings.Cut(path, "?")
	request := s.client.CoreV1().RESTClient().Get().AbsPath(path)
	for _, pair := range strings.Split(query, "&") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			request = request.Param(key, strings.NewReplacer("%3D", "=", "%28", "(", "+", " ").Replace(value))
		}
	}
	return raw(ctx, request)
}

// protobuf asks with the Accept header of the HPA controller.
func (s *fixture) protobuf(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1beta1.AddToScheme, v1beta2.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme).UniversalDeserializer()
	for _, version := range versions() {
		result := s.client.CoreV1().RESTClient().Get().AbsPath(s.path(version, "cart", "requests-per-second")).
			SetHeader("Accept", "application/vnd.kubernetes.protobuf, */*").Do(t.Context())
		var contentType string
		result.ContentType(&contentType)
		body, err := result.Raw()
		if err != nil || contentType != "application/vnd.kubernetes.protobuf" {
			t.Fatalf("%s answers %q, %v", version, contentType, err)
		}
		object, _, err := decoder.Decode(body, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		switch list := object.(type) {
		case *v1beta1.MetricValueList:
			if len(list.Items) != 1 || list.Items[0].MetricName != "requests-per-second" || list.Items[0].WindowSeconds == nil {
				t.Errorf("%+v", list)
			}
		case *v1beta2.MetricValueList:
			if len(list.Items) != 1 || list.Items[0].Metric.Name != "requests-per-second" || list.Items[0].WindowSeconds == nil {
				t.Errorf("%+v", list)
			}
		default:
			t.Errorf("%s answers a %T", version, object)
		}
	}
}

// errors checks the texts that a user gets.
func (s *fixture) errors(t *testing.T) {
	root := "/apis/custom.metrics.k8s.io/v1beta2"
	for _, test := range []struct {
		name, path string
		is         func(error) bool
		says       string
	}{
		{"no object", s.path("v1beta2", "none", "keys"), apierrors.IsNotFound, `redises.redis-metrics.dev "none" not found`},
		{"no metric", s.path("v1beta2", "cart", "speed"), apierrors.IsNotFound, `metric "speed" is unknown`},
		{"no resource", fmt.Sprintf("%s/namespaces/%s/pods/x/keys", root, s.namespace), apierrors.IsNotFound, "kind Redis"},
		{"no namespace", root + "/redises.redis-metrics.dev/cart/keys", apierrors.IsBadRequest, "are namespaced"},
		{"no value", s.path("v1beta2", "cart", "memory-utilization"), apierrors.IsNotFound, "maxmemory is 0"},
		{"no series", s.path("v1beta2", "cart", "requests-per-second") + "?metricLabelSelector=command%3Dxad", apierrors.IsNotFound, "command is one of get, set"},
		{"malformed metric selector", s.path("v1beta2", "cart", "keys") + "?metricLabelSelector=a+in+%28", apierrors.IsBadRequest, "metricLabelSelector cannot be read"},
		{"malformed label selector", s.path("v1beta2", "*", "keys") + "?labelSelector=a+in+%28", apierrors.IsBadRequest, "unable to parse requirement"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := s.get(t.Context(), test.path)
			if err == nil || !test.is(err) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%T %v, want %q in it", err, err, test.says)
			}
		})
	}
}

// columns reads kubectl get redis as a person does.
func (s *fixture) columns(t *testing.T) {
	eventually(t, 90*time.Second, func(ctx context.Context) error {
		out, err := s.redisField(ctx, "cart", `{.status.conditions[?(@.type=="Ready")].status} {.status.summary.requestsPerSecond} {.status.summary.connectedClients} {.status.nodes[0].role}`)
		if err != nil {
			return err
		}
		var ready, role string
		var requests, clients float64
		if _, err := fmt.Sscan(out, &ready, &requests, &clients, &role); err != nil {
			return fmt.Errorf("status reads %q: %w", out, err)
		}
		if ready != "True" || requests < 450 || requests > 550 || clients < 2 || role != "primary" {
			return fmt.Errorf("status reads %q, want about 500 requests per second", out)
		}
		return nil
	})
	out := s.kubectl(t, "get", "redis", "-n", s.namespace)
	header, rows, _ := strings.Cut(out, "\n")
	if got := strings.Fields(header); strings.Join(got, " ") != "NAME READY REQUESTS/S CLIENTS MEMORY SAMPLED AGE" {
		t.Errorf("columns are %q", got)
	}
	for _, row := range strings.Split(strings.TrimSpace(rows), "\n") {
		if len(strings.Fields(row)) != 7 {
			t.Errorf("a column is empty: %q", row)
		}
	}
	t.Logf("kubectl get redis:\n%s", out)
	wide := s.kubectl(t, "get", "redis", "cart", "-n", s.namespace, "-o", "wide")
	header, row, _ := strings.Cut(wide, "\n")
	if got := strings.Join(strings.Fields(header)[7:], " "); got != "REASON SERVER VERSION ADDRESS" {
		t.Errorf("columns that -o wide adds are %q", got)
	}
	address := s.kubectl(t, "get", "redis", "cart", "-n", s.namespace, "-o", "jsonpath={.spec.address}")
	if cells := strings.Fields(row); len(cells) != 11 || cells[8] != "Redis" || cells[10] != address {
		t.Errorf("-o wide shows %q, want a Redis at %s", row, address)
	}
}
