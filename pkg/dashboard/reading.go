package dashboard

import (
	"math"
	"strconv"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/kubeapi"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/overview"
)

// reading is what one read of the cluster found. The page uses the names in JSON.
type reading struct {
	Number int `json:"number"`
	// Time is in seconds, like all times that the page draws.
	Time     float64  `json:"time"`
	Problems []string `json:"problems"`
	HPAs     []hpa    `json:"hpas"`
}

type hpa struct {
	Name        string `json:"name"`
	ScaleTarget string `json:"scaleTarget"`
	Min         int32  `json:"min"`
	Max         int32  `json:"max"`
	// Current, Desired and Ready are nil if they are unknown.
	Current      *int32 `json:"current"`
	Desired      *int32 `json:"desired"`
	Ready        *int32 `json:"ready"`
	ReadyUnknown string `json:"readyUnknown,omitempty"`
	// Problem says why the HPA does not scale, and Limit what bounds it.
	Problem string   `json:"problem,omitempty"`
	Limit   string   `json:"limit,omitempty"`
	Metrics []metric `json:"metrics"`
}

type metric struct {
	Name     string `json:"name"`
	Redis    string `json:"redis"`
	Selector string `json:"selector,omitempty"`
	// Value is nil if it is unknown, and Unknown says why.
	Value   *float64 `json:"value"`
	Unknown string   `json:"unknown,omitempty"`
	// Target is for one replica if PerReplica.
	Target     *float64 `json:"target"`
	PerReplica bool     `json:"perReplica"`
}

// event is an Event of an HPA.
type event struct {
	// Reading is the number of the reading that found it.
	Reading int     `json:"reading"`
	HPA     string  `json:"hpa"`
	Time    float64 `json:"time"`
	Type    string  `json:"type"`
	Reason  string  `json:"reason"`
	Message string  `json:"message"`
}

func newReading(number int, o overview.Overview) reading {
	r := reading{Number: number, Time: seconds(o.Time), Problems: append([]string{}, o.Problems...), HPAs: []hpa{}}
	for i := range o.HPAs {
		r.HPAs = append(r.HPAs, newHPA(&o.HPAs[i]))
	}
	return r
}

func newHPA(from *overview.HPA) hpa {
	h := hpa{
		Name: name(from), ScaleTarget: from.Target.Kind + " " + from.Target.Name, Min: from.Min, Max: from.Max,
		Current: from.Current, Desired: from.Desired, Ready: from.Ready, ReadyUnknown: from.ReadyError, Metrics: []metric{},
	}
	for _, condition := range from.Conditions {
		told := condition.Reason + ": " + condition.Message
		holds := condition.Status == corev1.ConditionTrue
		switch condition.Type {
		case autoscalingv2.ScalingLimited:
			if holds {
				h.Limit = told
			}
		case autoscalingv2.AbleToScale, autoscalingv2.ScalingActive:
			if !holds && h.Problem == "" {
				h.Problem = told
			}
		}
	}
	for _, m := range from.Metrics {
		h.Metrics = append(h.Metrics, metric{
			Name: m.Name, Redis: m.Redis, Selector: m.Selector,
			Value: number(m.Quantity), Unknown: m.Error,
			Target: number(m.Target), PerReplica: m.TargetType == autoscalingv2.AverageValueMetricType,
		})
	}
	return h
}

func name(h *overview.HPA) string { return h.Namespace + "/" + h.Name }

// number returns the float64 nearest to a quantity, or nil if there is none.
func number(q *resource.Quantity) *float64 {
	if q == nil {
		return nil
	}
	value, err := strconv.ParseFloat(kubeapi.Decimal(*q), 64)
	if err != nil || math.IsInf(value, 0) {
		return nil
	}
	return &value
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
