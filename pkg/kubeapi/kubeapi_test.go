package kubeapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	custommetrics "k8s.io/metrics/pkg/client/custom_metrics"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

func TestPaths(t *testing.T) {
	for got, want := range map[string]string{
		Path("/api/v1", "shop", "events"): "/api/v1/namespaces/shop/events",
		Path("/api/v1", "", "events"):     "/api/v1/events",
		Redises("shop"):                   "/apis/redis-metrics.dev/v1alpha1/namespaces/shop/redises",
		Redises(""):                       "/apis/redis-metrics.dev/v1alpha1/redises",
		HPAs("shop"):                      "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers",
		HPAs(""):                          "/apis/autoscaling/v2/horizontalpodautoscalers",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestMetricPathIsThatOfTheHPA compares the requests with those of the client that the HPA controller uses.
func TestMetricPathIsThatOfTheHPA(t *testing.T) {
	kind := v1alpha1.GroupVersion().WithKind(v1alpha1.Kind)
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion()})
	mapper.AddSpecific(kind, v1alpha1.GroupVersion().WithResource(v1alpha1.Resource), v1alpha1.GroupVersion().WithResource("redis"), meta.RESTScopeNamespace)
	var asked *url.URL
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL
		http.NotFound(w, r)
	}))
	defer api.Close()
	client, err := custommetrics.NewForVersionForConfig(&rest.Config{Host: api.URL}, mapper, v1beta2.SchemeGroupVersion)
	if err != nil {
		t.Fatal(err)
	}
	for name, selector := range map[string]*metav1.LabelSelector{
		"none":   nil,
		"empty":  {},
		"labels": {MatchLabels: map[string]string{"role": "primary", "command": "get"}},
		"expressions": {MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: "command", Operator: metav1.LabelSelectorOpIn, Values: []string{"set", "get"}},
			{Key: "shard", Operator: metav1.LabelSelectorOpDoesNotExist},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			asked = nil
			labels, err := metav1.LabelSelectorAsSelector(selector)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.NamespacedMetrics("shop").GetForObject(kind.GroupKind(), "cart", "keys", labels); asked == nil {
				t.Fatal(err)
			}
			written, err := Selector(selector)
			if err != nil {
				t.Fatal(err)
			}
			ours, err := url.Parse(MetricPath("shop", "cart", "keys", written))
			if err != nil {
				t.Fatal(err)
			}
			theirs := asked.Query()
			if theirs.Get("metricLabelSelector") == "" {
				theirs.Del("metricLabelSelector")
			}
			if ours.Path != asked.Path || !reflect.DeepEqual(ours.Query(), theirs) {
				t.Errorf("asks for %s, the HPA controller for %s", ours, asked)
			}
		})
	}
}

func TestInvalidSelector(t *testing.T) {
	selector := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "command", Operator: "Like"}}}
	if got, err := Selector(selector); err == nil {
		t.Errorf("written as %q", got)
	}
}

// answer is an API that serves a text, or an error.
type answer struct {
	text string
	err  error
}

func (a answer) Get(_ context.Context, _ string, into any) error {
	if a.err != nil {
		return a.err
	}
	return json.Unmarshal([]byte(a.text), into)
}

func TestValue(t *testing.T) {
	refused := errors.New("refused")
	for _, test := range []struct {
		name   string
		answer answer
		want   string
		err    string
	}{
		{"one", answer{text: `{"items":[{"value":"1500m"}]}`}, "1500m", ""},
		{"none", answer{text: `{}`}, "", "the answer holds 0 values, and the HPA expects one"},
		{"two", answer{text: `{"items":[{"value":"1"},{"value":"2"}]}`}, "", "the answer holds 2 values, and the HPA expects one"},
		{"an error", answer{err: refused}, "", "refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			value, err := Value(t.Context(), test.answer, "")
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Errorf("%v, want %s", err, test.err)
				}
				return
			}
			if err != nil || value.Value.String() != test.want {
				t.Errorf("%s, %v, want %s", value.Value.String(), err, test.want)
			}
		})
	}
}

func TestLastSeen(t *testing.T) {
	at := func(second int) time.Time { return time.Date(2026, 1, 2, 3, 4, second, 0, time.UTC) }
	created, last, event := metav1.NewTime(at(1)), metav1.NewTime(at(2)), metav1.NewMicroTime(at(3))
	for name, test := range map[string]struct {
		event corev1.Event
		want  time.Time
	}{
		"by events.k8s.io":  {corev1.Event{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: created}, EventTime: event}, at(3)},
		"by the core API":   {corev1.Event{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: created}, LastTimestamp: last}, at(2)},
		"with neither time": {corev1.Event{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: created}}, at(1)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := LastSeen(test.event); !got.Equal(test.want) {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
