package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/overview"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/pagetest"
)

var shopTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func quantity(text string) *resource.Quantity {
	q := resource.MustParse(text)
	return &q
}

func served(text string, ago time.Duration) overview.Value {
	return overview.Value{Quantity: quantity(text), Timestamp: shopTime.Add(-ago), WindowSeconds: new(int64(15))}
}

// shop is an overview that has of everything one that is known, and one that is not.
func shop() overview.Overview {
	requests := served("2345678m", 3*time.Second)
	noSample := overview.Value{Error: "the newest sample is 23s old, more than\nmaxAge 15s"}
	return overview.Overview{
		Time: shopTime,
		Objects: []overview.Object{
			{
				Namespace: "shop", Name: "cart", Created: shopTime.Add(-48 * time.Hour), Topology: "Standalone", Endpoint: "cart:6379", Ready: "True", Reason: "Sampled",
				Message: "Metrics are served.", HPAs: []string{"app", "worker"},
				Metrics: []overview.ObjectMetric{{Name: "requests-per-second", Unit: "requests/s", Value: requests}},
			},
			{
				Namespace: "shop", Name: "sessions", Created: shopTime.Add(-time.Hour), Topology: "Cluster", Ready: "Unknown",
				Metrics: []overview.ObjectMetric{{Name: "requests-per-second", Unit: "requests/s", Value: noSample}},
			},
		},
		HPAs: []overview.HPA{
			{
				Namespace: "shop", Name: "app", Target: autoscalingv2.CrossVersionObjectReference{Kind: "StatefulSet", Name: "app"}, Min: 1, Max: 5,
				Current: new(int32(2)), Desired: new(int32(3)), Ready: new(int32(0)),
				Metrics: []overview.HPAMetric{
					{Redis: "cart", Name: "requests-per-second", TargetType: autoscalingv2.AverageValueMetricType, Target: quantity("1k"), Value: requests},
					{Redis: "cart", Name: "requests-per-second", Selector: "command=get", TargetType: autoscalingv2.ValueMetricType, Target: quantity("1Ki"), Value: served("0", 0)},
				},
			},
			{
				Namespace: "shop", Name: "worker", Target: autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: "worker"}, Min: 2, Max: 4,
				ReadyError: "forbidden: you need the right to get deployments.apps in namespace shop",
				Metrics: []overview.HPAMetric{{
					Redis: "cart", Name: "jobs", TargetType: autoscalingv2.AverageValueMetricType, Target: quantity("10"), Value: noSample,
				}},
			},
		},
		Problems: []string{"forbidden: you need the right to list events in namespace shop"},
	}
}

func TestTopTables(t *testing.T) {
	object := shop()
	object.Objects = object.Objects[:1]
	object.Objects[0].Metrics = append(object.Objects[0].Metrics,
		overview.ObjectMetric{Name: "connected-clients", Unit: "connections", Value: overview.Value{Quantity: quantity("12"), Timestamp: shopTime, WindowSeconds: new(int64)}},
		overview.ObjectMetric{Name: "jobs", Value: shop().Objects[1].Metrics[0].Value})
	watched := seenValues{}
	for _, value := range []string{"0", "1k", "unknown", "4k", "2345678m"} {
		o := shop()
		if value == "unknown" {
			o.Objects[0].Metrics[0].Value = overview.Value{Error: "no sample"}
		} else {
			o.Objects[0].Metrics[0].Value = served(value, time.Duration(-len(watched["shop/cart/requests-per-second"]))*time.Second)
		}
		watched.add(o)
		watched.add(o)
	}
	unread := shop()
	unread.Objects = []overview.Object{{Namespace: "shop", Name: "cart", Ready: "Unknown", Metrics: object.Objects[0].Metrics[:1]}}
	unread.HPAs = nil
	for name, test := range map[string]struct {
		overview overview.Overview
		top      top
		seen     seenValues
	}{
		"namespace":   {shop(), top{namespace: "shop"}, nil},
		"all-wide":    {shop(), top{output: "wide"}, nil},
		"object":      {object, top{namespace: "shop", redis: "cart"}, nil},
		"watched":     {object, top{namespace: "shop", redis: "cart"}, watched},
		"metric-only": {unread, top{namespace: "shop", redis: "cart"}, nil},
		"empty":       {overview.Overview{}, top{namespace: "shop"}, nil},
		"failed":      {overview.Overview{Problems: []string{"connection refused"}}, top{namespace: "shop"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := draw(test.overview, &test.top, test.seen)
			if err != nil {
				t.Fatal(err)
			}
			pagetest.File(t, filepath.Join("testdata", "top-"+name+".golden"), got)
		})
	}
}

// TestTopExample draws the example of the documentation.
func TestTopExample(t *testing.T) {
	requests := served("2412400m", 3*time.Second)
	text, err := draw(overview.Overview{
		Time: shopTime,
		Objects: []overview.Object{
			{
				Name: "jobs", Created: shopTime.Add(-3 * time.Hour), Topology: "Sentinel", Ready: "False",
				Metrics: []overview.ObjectMetric{{Value: overview.Value{Error: "the newest sample is 23s old, more than maxAge 15s; the last attempt failed: the connection was refused"}}},
			},
			{
				Name: "my-redis", Created: shopTime.Add(-48 * time.Hour), Topology: "Standalone", Ready: "True", HPAs: []string{"app-hpa"},
				Metrics: []overview.ObjectMetric{{Value: requests}},
			},
		},
		HPAs: []overview.HPA{{
			Name: "app-hpa", Target: autoscalingv2.CrossVersionObjectReference{Kind: "StatefulSet", Name: "app-statefulset"}, Min: 1, Max: 5,
			Current: new(int32(2)), Desired: new(int32(3)), Ready: new(int32(2)),
			Metrics: []overview.HPAMetric{{
				Redis: "my-redis", Name: "requests-per-second", TargetType: autoscalingv2.AverageValueMetricType, Target: quantity("1k"), Value: requests,
			}},
		}},
	}, &top{namespace: "default"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	pagetest.Table(t, "../../../deploy/docs/kubectl-plugin.md", "top", "```text\n"+text+"```\n")
}

func TestSparkline(t *testing.T) {
	at := func(values ...float64) (seen []seenValue) {
		for _, value := range values {
			if value < 0 {
				seen = append(seen, seenValue{})
				continue
			}
			seen = append(seen, seenValue{shopTime, value})
		}
		return seen
	}
	const unknown = -1
	for want, seen := range map[string][]seenValue{
		"":         nil,
		"▁▁":       at(0, 0),
		"██":       at(7, 7),
		"▁▃▅█":     at(0, 2, 4, 7),
		"·█·":      at(unknown, 1, unknown),
		"▁·▁":      at(0, unknown, 0),
		"▁▂▃▄▅▆▇█": at(0, 1, 2, 3, 4, 5, 6, 7),
	} {
		if got := sparkline(seen); got != want {
			t.Errorf("%v is drawn as %q, want %q", seen, got, want)
		}
	}
}

func TestSamplesAreBounded(t *testing.T) {
	seen := seenValues{}
	for i := range 3 * sparklineWidth {
		o := shop()
		o.Objects[0].Metrics[0].Timestamp = shopTime.Add(time.Duration(i) * time.Second)
		seen.add(o)
	}
	for key, kept := range seen {
		if len(kept) != sparklineWidth {
			t.Errorf("%d samples of %s are kept, want %d", len(kept), key, sparklineWidth)
		}
	}
}

// lists is an API that serves empty lists, or else fails.
type lists struct{ fails atomic.Bool }

func (l *lists) Get(_ context.Context, _ string, into any) error {
	if l.fails.Load() {
		return errors.New("connection refused")
	}
	return json.Unmarshal([]byte(`{"items":[]}`), into)
}

// TestTopWatches checks that a watch outlives an error, ends with its context, and does not begin with an error.
func TestTopWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		api := &lists{}
		reader := overview.NewReader(api)
		ctx, cancel := context.WithCancel(t.Context())
		watch := top{plugin: &plugin{streams: genericiooptions.IOStreams{Out: &out}}, namespace: "shop", watch: true, interval: 5 * time.Second}
		done := make(chan error)
		go func() { done <- watch.show(ctx, reader) }()
		synctest.Wait()
		for _, fails := range []bool{true, false} {
			api.fails.Store(fails)
			<-time.After(watch.interval)
			synctest.Wait()
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got := out.String(); strings.Count(got, "No Redis objects in namespace shop.\n") != 2 || strings.Count(got, "Not read: connection refused\n") != 2 {
			t.Errorf("printed\n%s", got)
		}
		api.fails.Store(true)
		if err := watch.show(t.Context(), reader); err == nil {
			t.Error("a watch began with an error")
		}
	})
}

func TestTopOutputs(t *testing.T) {
	for output, wants := range map[string][]string{
		"json": {`"value": "2345678m"`, `"error": "the newest sample is 23s old, more than\nmaxAge 15s"`, `"desired": 3`},
		"yaml": {"    value: 2345678m\n", "current: 2\n"},
	} {
		var out bytes.Buffer
		shown := top{plugin: &plugin{streams: genericiooptions.IOStreams{Out: &out}}, namespace: "shop", output: output}
		if err := shown.write(shop(), nil); err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s has no %q:\n%s", output, want, out.String())
			}
		}
	}
}
