package simulation_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/hpa/simulation"
)

func newHPA(names ...string) *autoscalingv2.HorizontalPodAutoscaler {
	object := &autoscalingv2.HorizontalPodAutoscaler{}
	object.Spec.MaxReplicas = 10
	for _, name := range names {
		target := resource.MustParse("100")
		object.Spec.Metrics = append(object.Spec.Metrics, autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
			Metric: autoscalingv2.MetricIdentifier{Name: name},
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &target},
		}})
	}
	return object
}

func read(t *testing.T, text string, names ...string) (simulation.Load, error) {
	t.Helper()
	autoscaler, err := hpa.New(hpa.DefaultController(), newHPA(names...))
	if err != nil {
		t.Fatal(err)
	}
	return simulation.Read(strings.NewReader(text), autoscaler.Metrics())
}

func TestRead(t *testing.T) {
	two := []string{"load", "queue"}
	tests := []struct {
		name    string
		metrics []string
		text    string
	}{
		{"CSV", two, "time,load,queue\n0,120,1500m\n60,unknown,7\n"},
		{"CSV with comments, spaces and another order", two, "\n# a morning\ntime, queue, other, load\n 0, 1500m, x, 120\n60, 7, , unknown\n"},
		{"JSON lines", two, `{"time":0,"load":120,"queue":"1500m"}` + "\n\n" + `{"time":60,"load":"unknown","queue":7}`},
		{"times of a calendar", two, "time,load,queue\n2026-01-31T12:00:00Z,120,1500m\n2026-01-31T13:01:00+01:00,unknown,7\n"},
		{"seconds since 1970", two, "time,load,queue\n1769860800,120,1.5\n1769860860,unknown,7\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			series, err := read(t, test.text, test.metrics...)
			if err != nil {
				t.Fatal(err)
			}
			if len(series) != 2 || series.Duration() != time.Minute ||
				series[0].Values[0] != (hpa.Value{Milli: 120_000}) || series[0].Values[1] != (hpa.Value{Milli: 1500}) ||
				series[1].Values[0] != (hpa.Value{Unknown: true}) || series[1].Values[1] != (hpa.Value{Milli: 7000}) {
				t.Errorf("series %+v", series)
			}
		})
	}
	if series, err := read(t, "time,value\n0,1\n9,2\n", "load"); err != nil || series[1].Values[0].Milli != 2000 {
		t.Errorf("a single metric named value: %+v, %v", series, err)
	}
}

func TestReadRefuses(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"nothing", " \n", "it is empty"},
		{"one row", "time,load\n0,1\n", "fewer than two rows"},
		{"no time", "load\n1\n2\n", `line 2: time ""`},
		{"a time in words", "time,load\nnoon,1\n", `line 2: time "noon": write RFC 3339`},
		{"infinite time", "time,load\nInf,1\n", `line 2: time "Inf"`},
		{"times of two forms", "time,load\n0,1\n2026-01-31T12:00:00Z,1\n", "line 3: time \"2026-01-31T12:00:00Z\": write the times of all rows in the same form"},
		{"going back", "time,load\n5,1\n5,1\n", "line 3: time 5 is not after that of the row before"},
		{"no such metric", "time,lod\n0,1\n", "line 2: no value of load, there is only lod, time"},
		{"an empty value", "time,load\n0,\n", `line 2: load: value "": write a quantity, such as 120 or 1500m, or "unknown"`},
		{"not a number", "time,load\n0,NaN\n", `line 2: load: value "NaN"`},
		{"null", `{"time":0,"load":null}`, `line 1: load: value "<nil>"`},
		{"broken JSON", `{"time":0,`, "line 1: unexpected EOF"},
		{"two objects a line", `{"time":0,"load":1}{}`, "line 1: write one object a line"},
		{"two columns of a name", "time,load,load\n0,1,2\n", "two columns have the same name"},
		{"a short row", "time,load\n0\n", "wrong number of fields"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := read(t, test.text, "load"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
	if _, err := read(t, "time,value\n0,1\n1,2\n", "load", "load"); err == nil || !strings.Contains(err.Error(), "the same name") {
		t.Errorf("two metrics of one name: %v", err)
	}
}

func options() simulation.Options {
	return simulation.Options{Controller: hpa.DefaultController(), SyncPeriod: 15 * time.Second, PodReadyAfter: 10 * time.Second, Replicas: 2}
}

func TestRun(t *testing.T) {
	series, err := read(t, "time,load\n0,200\n15,600\n40,unknown\n50,200\n400,0\n460,0\n", "load")
	if err != nil {
		t.Fatal(err)
	}
	result, err := simulation.Run(simulation.Setting{Name: "as is", HPA: newHPA("load")}, series, options())
	if err != nil {
		t.Fatal(err)
	}
	// At 15 s up to the limit of 4, at 30 s to 6. From 45 s on unknown once, and
	// then 2 is recommended, which counts 5 minutes after the last 6, of 30 s.
	want := map[time.Duration]int32{0: 2, 15: 4, 30: 6, 45: 6, 60: 6, 330: 6, 345: 2, 450: 2}
	for _, sync := range result.Syncs {
		if replicas, found := want[sync.Offset/time.Second]; found && sync.Decision.Desired != replicas {
			t.Errorf("after %s %d replicas, want %d: %+v", sync.Offset, sync.Decision.Desired, replicas, sync.Decision)
		}
	}
	// 15 s of 2, 15 s of 4, 315 s of 6 and 115 s of 2 replicas. 600 is above 100 per
	// ready pod from 15 s to 40 s: the pods of 30 s are ready at 40 s.
	hours := float64(15*2+15*4+315*6+115*2) / 3600
	s := result.Summary
	if math.Abs(s.ReplicaHours-hours) > 1e-9 || s.MinReplicas != 2 || s.MaxReplicas != 6 || s.Changes != 3 || s.Reversals != 1 ||
		s.AboveTarget != 25*time.Second || s.Unknown != 10*time.Second {
		t.Errorf("summary %+v, want %v replica hours", s, hours)
	}
}

func TestVary(t *testing.T) {
	settings, err := simulation.Vary(newHPA("load"), map[string][]string{
		simulation.Target: {"50", "1500m"}, simulation.Max: {"20"}, simulation.Min: {"3"},
		simulation.ScaleDownStabilization: {"1m"}, simulation.ScaleUpTolerance: {"0.2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, setting := range settings {
		names = append(names, setting.Name)
	}
	const rest = " min=3 max=20 scale-down-stabilization=1m scale-up-tolerance=0.2"
	if got, want := strings.Join(names, ", "), "as is, target=50"+rest+", target=1500m"+rest; got != want {
		t.Fatalf("settings %s, want %s", got, want)
	}
	spec := settings[2].HPA.Spec
	if spec.Metrics[0].Object.Target.AverageValue.String() != "1500m" || spec.MaxReplicas != 20 || *spec.MinReplicas != 3 ||
		*spec.Behavior.ScaleDown.StabilizationWindowSeconds != 60 || spec.Behavior.ScaleUp.Tolerance.String() != "200m" {
		t.Errorf("spec %+v", spec)
	}
	if asIs := settings[0].HPA.Spec; asIs.Behavior != nil || asIs.MaxReplicas != 10 || asIs.Metrics[0].Object.Target.AverageValue.String() != "100" {
		t.Errorf("the HPA itself was changed: %+v", asIs)
	}
}

func TestVaryRefuses(t *testing.T) {
	tests := []struct {
		field, value, want string
		metrics            []string
	}{
		{simulation.Target, "lots", "--target=lots: write a quantity", []string{"load"}},
		{simulation.Target, "5", "--target=5: the HPA has several metrics: write METRIC=QUANTITY", []string{"load", "queue"}},
		{simulation.Target, "lod=5", "--target=lod=5: the HPA has no Object metric lod", []string{"load", "queue"}},
		{simulation.Min, "-1", "--min=-1: write a number of replicas", []string{"load"}},
		{simulation.ScaleUpStabilization, "1500ms", "--scale-up-stabilization=1500ms: write a duration of whole seconds", []string{"load"}},
		{simulation.ScaleDownStabilization, "2h", "of at most 1h", []string{"load"}},
		{simulation.ScaleDownTolerance, "x", "--scale-down-tolerance=x: write a quantity, such as 0.05", []string{"load"}},
	}
	for _, test := range tests {
		_, err := simulation.Vary(newHPA(test.metrics...), map[string][]string{test.field: {test.value}})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
	many := strings.Split("1,2,3,4", ",")
	if _, err := simulation.Vary(newHPA("load"), map[string][]string{simulation.Min: many, simulation.Max: many}); err == nil || !strings.Contains(err.Error(), "16 combinations") {
		t.Errorf("error %v", err)
	}
}

func TestWriteJSON(t *testing.T) {
	series, err := read(t, "time,load\n0,200\n15,unknown\n16,unknown\n", "load")
	if err != nil {
		t.Fatal(err)
	}
	result, err := simulation.Run(simulation.Setting{Name: "as is", HPA: newHPA("load")}, series, options())
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := simulation.WriteJSON(&text, []simulation.Result{result}); err != nil {
		t.Fatal(err)
	}
	var document struct {
		Settings []struct {
			Syncs []struct {
				Seconds         float64
				DesiredReplicas int
				Recommendation  *int
				Metrics         []struct {
					Value    string
					Replicas *int
				}
				Conditions []struct {
					Type, Reason string
					Status       bool
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(text.String()), &document); err != nil {
		t.Fatal(err)
	}
	syncs := document.Settings[0].Syncs
	if len(syncs) != 2 || *syncs[0].Recommendation != 2 || *syncs[0].Metrics[0].Replicas != 2 || syncs[0].Metrics[0].Value != "200" {
		t.Errorf("syncs %+v", syncs)
	}
	if last := syncs[1]; last.Recommendation != nil || last.Metrics[0].Replicas != nil || last.Metrics[0].Value != "unknown" ||
		last.DesiredReplicas != 2 || last.Conditions[1].Reason != "FailedGetObjectMetric" || last.Conditions[1].Status {
		t.Errorf("an unknown value: %+v", last)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("time,load\n0,1\n60,unknown\n")
	f.Add(`{"time":"2026-01-31T12:00:00Z","load":"1500m"}`)
	f.Fuzz(func(t *testing.T, text string) {
		series, err := read(t, text, "load")
		if err != nil {
			return
		}
		for i, row := range series {
			if len(row.Values) != 1 || i > 0 && row.Offset <= series[i-1].Offset {
				t.Fatalf("row %d of %+v", i, series)
			}
		}
	})
}
