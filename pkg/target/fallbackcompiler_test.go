package target_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// fallingBack is the target of an object with a fallback and a few declared metrics.
func fallingBack(t *testing.T, f *v1alpha1.Fallback) *target.Target {
	t.Helper()
	server := serving(t, true)
	index, s, _ := following(t, server)
	o := redis("default", "my-redis", "u1", 1)
	key := &v1alpha1.KeySource{Key: "jobs"}
	o.Spec.Metrics = []v1alpha1.Metric{{Name: "jobs", List: key}, {Name: "wrong"}}
	o.Spec.Fallback = f
	server.put(o)
	s.want(t, "set default/my-redis u1/1")
	got, _ := index.Get(types.NamespacedName{Namespace: "default", Name: "my-redis"})
	// What is made of a spec stays with it over a change of labels.
	o.Labels = map[string]string{"app": "shop"}
	server.put(o)
	s.want(t, "set default/my-redis u1/1")
	again, _ := index.Get(got.NamespacedName)
	if again.Fallback != got.Fallback || len(again.Fallbacks) != len(got.Fallbacks) {
		t.Errorf("after a change of labels the fallbacks are %+v, %+v", again.Fallback, again.Fallbacks)
	}
	return got
}

func TestFallbacks(t *testing.T) {
	minutes := &metav1.Duration{Duration: 10 * time.Minute}
	value := resource.MustParse("800")
	for name, test := range map[string]struct {
		spec  *v1alpha1.Fallback
		falls bool
		want  map[string]string // by metric
	}{
		"none":  {nil, false, map[string]string{"jobs": "Error", reservedName: "Error"}},
		"Error": {&v1alpha1.Fallback{Type: v1alpha1.FallbackError}, false, map[string]string{"jobs": "Error"}},
		"all but one": {
			&v1alpha1.Fallback{Type: v1alpha1.FallbackLastValue, For: minutes, Metrics: []v1alpha1.MetricFallback{{Name: "jobs", Type: v1alpha1.FallbackError}}},
			true, map[string]string{"jobs": "Error", reservedName: "LastValue 10m0s", "nowhere": "LastValue 10m0s", "wrong": "Error"},
		},
		"one alone": {
			&v1alpha1.Fallback{Type: v1alpha1.FallbackError, Metrics: []v1alpha1.MetricFallback{{Name: "jobs", Type: v1alpha1.FallbackValue, Value: &value}}},
			true, map[string]string{"jobs": "Value 800", reservedName: "Error"},
		},
		"a metric that is wrong": {
			&v1alpha1.Fallback{Metrics: []v1alpha1.MetricFallback{{Name: "wrong", Type: v1alpha1.FallbackValue, Value: &value}}},
			true, map[string]string{"wrong": "Error"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := fallingBack(t, test.spec)
			if got.FallsBack() != test.falls || len(got.Problems) != 1 {
				t.Errorf("falls back: %v, problems %+v", got.FallsBack(), got.Problems)
			}
			for metric, want := range test.want {
				says := "Error"
				if f := got.FallbackOf(metric); f != nil && f.Type == v1alpha1.FallbackLastValue {
					says = "LastValue " + f.For.String()
				} else if f != nil {
					says = "Value " + f.Value.String()
				}
				if says != want {
					t.Errorf("%s falls back on %s, want %s", metric, says, want)
				}
			}
		})
	}
}

func TestFallbacksThatAreWrongHarmNoOther(t *testing.T) {
	negative := resource.MustParse("-1")
	got := fallingBack(t, &v1alpha1.Fallback{Type: "Newer", Metrics: []v1alpha1.MetricFallback{
		{Name: "nowhere", Type: v1alpha1.FallbackError},
		{Name: reservedName, Type: v1alpha1.FallbackLastValue},
		{Name: otherReservedName, Type: v1alpha1.FallbackValue, Value: &negative},
		{Name: "jobs", Type: v1alpha1.FallbackLastValue, For: &metav1.Duration{Duration: time.Minute}},
	}})
	for n, want := range []string{
		"spec.metrics[1]: ",
		"spec.fallback: this adapter knows",
		"spec.fallback.metrics[0].name: the object has no metric nowhere: write one that it has, or leave it out",
		"spec.fallback.metrics[1]: this adapter knows",
		"spec.fallback.metrics[2]: this adapter knows",
	} {
		if len(got.Problems) != 5 || !strings.HasPrefix(got.Problems[n].Sentence, want) {
			t.Errorf("problems are %q, want %q", got.Problems, want)
		}
	}
	if got.FallbackOf("jobs") == nil || got.FallbackOf(reservedName) != nil || got.FallbackOf(otherReservedName) != nil || got.Fallback != nil {
		t.Errorf("fallbacks are %+v, %+v", got.Fallback, got.Fallbacks)
	}
}
