package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/overview"
)

var start = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// observed is an overview with one HPA, whose metric has a value or an error.
func observed(value, unknown string, events ...overview.Event) overview.Overview {
	target, replicas := resource.MustParse("1k"), int32(2)
	m := overview.HPAMetric{Redis: "cart", Name: "requests-per-second", TargetType: autoscalingv2.AverageValueMetricType, Target: &target}
	m.Error = unknown
	if value != "" {
		quantity := resource.MustParse(value)
		m.Quantity = &quantity
	}
	return overview.Overview{Time: start, HPAs: []overview.HPA{{
		Namespace: "shop", Name: "app", Target: autoscalingv2.CrossVersionObjectReference{Kind: "StatefulSet", Name: "app"}, Min: 1, Max: 5,
		Current: &replicas, Ready: nil, ReadyError: "forbidden", Metrics: []overview.HPAMetric{m}, Events: events,
		Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{
			{Type: "ScaledToZero", Status: corev1.ConditionFalse, Reason: "NotScaledToZero", Message: "as it should be"},
			{Type: autoscalingv2.AbleToScale, Status: corev1.ConditionTrue, Reason: "ReadyForNewScale", Message: "ready"},
			{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionFalse, Reason: "FailedGetObjectMetric", Message: "no sample"},
			{Type: autoscalingv2.ScalingLimited, Status: corev1.ConditionTrue, Reason: "TooManyReplicas", Message: "more than the maximum"},
		},
	}}}
}

// TestReadingInJSON checks the form that the page reads: what is unknown is null, and 0 is 0.
func TestReadingInJSON(t *testing.T) {
	for _, test := range []struct{ name, value, unknown, want string }{
		{"a value", "2300m", "", `"value":2.3,"target":1000,"perReplica":true`},
		{"zero", "0", "", `"value":0,"target":1000,"perReplica":true`},
		{"a large value", "9007199254740991", "", `"value":9007199254740991,`},
		{"unknown", "", "no sample yet", `"value":null,"unknown":"no sample yet","target":1000`},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := json.Marshal(newReading(7, observed(test.value, test.unknown)))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{
				test.want, `{"number":7,"time":1769860800,"problems":[],"hpas":[{"name":"shop/app","scaleTarget":"StatefulSet app","min":1,"max":5,`,
				`"current":2,"desired":null,"ready":null,"readyUnknown":"forbidden"`,
				`"problem":"FailedGetObjectMetric: no sample","limit":"TooManyReplicas: more than the maximum"`,
			} {
				if !strings.Contains(string(text), want) {
					t.Errorf("%s lacks %s", text, want)
				}
			}
		})
	}
}

func TestFailedReadIsAReading(t *testing.T) {
	h := newHistory()
	h.add(observed("1", ""), nil, start)
	h.add(overview.Overview{}, errors.New("the API server is away"), start.Add(5*time.Second))
	got := h.from(1)
	if len(got.Readings) != 1 || len(got.Readings[0].HPAs) != 0 || got.Readings[0].Problems[0] != "the API server is away" || got.Readings[0].Time != seconds(start)+5 {
		t.Errorf("readings %+v", got.Readings)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	for _, test := range []struct{ hpas, add, want int }{
		{1, maxReadings + 3, maxReadings},
		{maxHPAs / 4, 7, 4},
		{maxHPAs + 1, 3, 1},
	} {
		t.Run(fmt.Sprintf("%d HPAs", test.hpas), func(t *testing.T) {
			h := newHistory()
			hpas := make([]overview.HPA, test.hpas)
			for range test.add {
				h.add(overview.Overview{HPAs: hpas}, nil, start)
			}
			got := h.from(0)
			if len(got.Readings) != test.want || got.Oldest != test.add-test.want || got.Readings[0].Number != got.Oldest {
				t.Errorf("%d readings from %d on, want %d of %d", len(got.Readings), got.Oldest, test.want, test.add)
			}
		})
	}
	t.Run("Events", func(t *testing.T) {
		h := newHistory()
		var events []overview.Event
		for i := range maxEvents + 5 {
			events = append(events, overview.Event{Time: start.Add(time.Duration(i) * time.Second)})
		}
		h.add(observed("1", "", events...), nil, start)
		h.add(observed("1", "", events...), nil, start)
		if got := h.from(0).Events; len(got) != maxEvents || got[0].Time != seconds(start)+5 {
			t.Errorf("%d Events, the first at %v", len(got), got[0].Time)
		}
		for range maxReadings + 2 {
			h.add(observed("1", ""), nil, start)
		}
		if got := h.from(0).Events; len(got) != 0 || len(h.seen) != 0 {
			t.Errorf("%d Events are kept, and %d remembered", len(got), len(h.seen))
		}
	})
}

// TestEventIsToldOnce checks that an Event is reported with the reading that first found it, and again if it occurs
// again.
func TestEventIsToldOnce(t *testing.T) {
	h := newHistory()
	scaled := overview.Event{Time: start, Type: "Normal", Reason: "SuccessfulRescale", Message: "New size: 3", Count: 1}
	again := scaled
	again.Time, again.Count = start.Add(time.Minute), 2
	for _, events := range [][]overview.Event{nil, {scaled}, {scaled}, nil, {scaled}, {again}} {
		h.add(observed("1", "", events...), nil, start)
	}
	got := h.from(0).Events
	if len(got) != 2 || got[0].Reading != 1 || got[1].Reading != 5 || got[1].HPA != "shop/app" || got[1].Message != "New size: 3" {
		t.Errorf("Events %+v", got)
	}
	if later := h.from(2).Events; len(later) != 1 {
		t.Errorf("Events of later readings %+v", later)
	}
}
