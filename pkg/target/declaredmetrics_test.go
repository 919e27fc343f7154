package target_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
)

func TestDeclaredMetricsThatAreWrongHarmNoOther(t *testing.T) {
	server := serving(t, true)
	index, s, _ := following(t, server)
	o := redis("default", "my-redis", "u1", 1)
	key := &v1alpha1.KeySource{Key: "jobs"}
	o.Spec.Metrics = []v1alpha1.Metric{
		{Name: "list", List: key},
		{Name: reservedName, List: key},
		{Name: "nothing"},
		{Name: "both", List: key, Set: key},
		{Name: "newer", Stream: &v1alpha1.StreamSource{Key: "jobs", Measure: "Newer"}},
		{Name: "lag", Stream: &v1alpha1.StreamSource{Key: "jobs", Group: "g", Measure: v1alpha1.StreamLag}, Over: &v1alpha1.Over{Function: v1alpha1.OverMax}},
		{Name: "sum", Expression: `metric("list") + metric("` + otherReservedName + `")`},
		{Name: "bool", Expression: `metric("list") > 1.0`},
		{Name: "of-nothing", Expression: `metric("nothing")`},
		{Name: "of-reserved", Expression: `metric("` + reservedName + `")`},
		{Name: "of-nowhere", Expression: `metric("nowhere")`},
		{Name: "of-sum", Expression: `metric("sum")`},
		{Name: "length", Keys: &v1alpha1.KeysSource{Pattern: "*", Measure: v1alpha1.KeysLength, Type: "string", Limit: 1}},
	}
	server.put(o)
	s.want(t, "set default/my-redis u1/1", "set default/my-redis u1/1") // once more when all is compiled
	got, _ := index.Get(types.NamespacedName{Namespace: "default", Name: "my-redis"})
	if len(got.Declared) != 3 || len(got.Probes.Probes()) != 2 {
		t.Fatalf("declared are %+v, want three", got.Declared)
	}
	if lag, ok := got.Lookup("lag"); !ok || lag.Place != 1 || lag.Index != 5 || lag.Over != v1alpha1.OverMax {
		t.Errorf("lag is %+v, %v", lag, ok)
	}
	if why := got.Refused(reservedName); !strings.HasPrefix(why, "spec.metrics[1].name: ") || got.Refused("list") != "" {
		t.Errorf("%s is refused because %q", reservedName, why)
	}
	for n, want := range []string{"spec.metrics[1].name: every Redis object has a metric", "spec.metrics[2]: ", "spec.metrics[3]: ", "spec.metrics[4]: ",
		"spec.metrics[12]: ", "spec.metrics[7].expression: the expression gives a bool", "spec.metrics[8].expression: metric nothing is wrong itself", "spec.metrics[9].expression: metric built-in is wrong itself",
		"spec.metrics[10].expression: the object has no metric nowhere", "spec.metrics[11].expression: sum is an expression itself"} {
		if len(got.Problems) != 10 || !strings.HasPrefix(got.Problems[n].Sentence, want) {
			t.Errorf("problems are %q, want %q", got.Problems, want)
		}
	}
}

// TestEverySourceMakesAProbe fails for a source of the API that nobody has taught to probe.
func TestEverySourceMakesAProbe(t *testing.T) {
	server := serving(t, true)
	index, s, _ := following(t, server)
	o := redis("default", "my-redis", "u1", 1)
	kind := reflect.TypeFor[v1alpha1.Metric]()
	for n := range kind.NumField() {
		field := kind.Field(n)
		if field.Type.Kind() != reflect.Pointer || field.Name == "Over" {
			continue
		}
		metric := v1alpha1.Metric{Name: strings.ToLower(field.Name)}
		value := reflect.New(field.Type.Elem())
		if stream, ok := value.Interface().(*v1alpha1.StreamSource); ok {
			stream.Measure = v1alpha1.StreamLength
		}
		if keys, ok := value.Interface().(*v1alpha1.KeysSource); ok {
			keys.Measure = v1alpha1.KeysCount
		}
		reflect.ValueOf(&metric).Elem().Field(n).Set(value)
		o.Spec.Metrics = append(o.Spec.Metrics, metric)
	}
	server.put(o)
	s.want(t, "set default/my-redis u1/1")
	got, _ := index.Get(types.NamespacedName{Namespace: "default", Name: "my-redis"})
	if len(got.Problems) != 0 || len(got.Declared) != len(o.Spec.Metrics) {
		t.Errorf("%d of %d sources make a probe: %v", len(got.Declared), len(o.Spec.Metrics), got.Problems)
	}
}

// TestStreamWithoutItsGroup finds the commands by which a stream's group may be missing.
func TestStreamWithoutItsGroup(t *testing.T) {
	server := serving(t, true)
	index, s, _ := following(t, server)
	o := redis("default", "my-redis", "u1", 1)
	stream := func(measure v1alpha1.StreamMeasure, missing v1alpha1.GroupMissing) v1alpha1.Metric {
		return v1alpha1.Metric{
			Name:   strings.ToLower(string(measure + "-" + v1alpha1.StreamMeasure(missing))),
			Stream: &v1alpha1.StreamSource{Key: "s", Group: "g", Measure: measure, WhenGroupMissing: missing},
		}
	}
	o.Spec.Metrics = []v1alpha1.Metric{
		stream(v1alpha1.StreamLag, v1alpha1.GroupMissingError), stream(v1alpha1.StreamLag, v1alpha1.GroupMissingLength),
		stream(v1alpha1.StreamPending, v1alpha1.GroupMissingError), stream(v1alpha1.StreamPending, v1alpha1.GroupMissingZero),
		stream(v1alpha1.StreamOldestPendingSeconds, v1alpha1.GroupMissingError), stream(v1alpha1.StreamOldestPendingSeconds, v1alpha1.GroupMissingZero),
	}
	server.put(o)
	s.want(t, "set default/my-redis u1/1")
	got, _ := index.Get(types.NamespacedName{Namespace: "default", Name: "my-redis"})
	for n, p := range got.Probes.Probes() {
		replies := []any{errors.New("NOGROUP x")}
		if p.Commands[len(p.Commands)-1][0] == "xinfo" {
			replies = []any{[]any{}}
		}
		if len(p.Commands) == 2 {
			replies = []any{int64(7), replies[0]}
		}
		result := p.Read(probe.Answer{Replies: replies})
		if known := n%2 == 1; known != (result.Err == nil) || known && result.Value != float64(7*(len(replies)-1)) {
			t.Errorf("%s gives %+v", o.Spec.Metrics[n].Name, result)
		}
	}
}

// TestFoldsOfTheAPI checks that the words of the API and of package probe are the same.
func TestFoldsOfTheAPI(t *testing.T) {
	server := serving(t, true)
	index, s, _ := following(t, server)
	o := redis("default", "my-redis", "u1", 1)
	for _, fold := range []v1alpha1.InfoFold{v1alpha1.InfoSum, v1alpha1.InfoMax, v1alpha1.InfoMin} {
		o.Spec.Metrics = append(o.Spec.Metrics, v1alpha1.Metric{
			Name: strings.ToLower(string(fold)), Info: &v1alpha1.InfoSource{Field: "f", Type: v1alpha1.InfoGauge, Fold: fold},
		})
	}
	server.put(o)
	s.want(t, "set default/my-redis u1/1")
	got, _ := index.Get(types.NamespacedName{Namespace: "default", Name: "my-redis"})
	for n, want := range []probe.Aggregation{probe.Sum, probe.Max, probe.Min} {
		if is := got.Probes.Probes()[n].Aggregation; is != want {
			t.Errorf("%s aggregates by %q, want %q", o.Spec.Metrics[n].Name, is, want)
		}
	}
}
