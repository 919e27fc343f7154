package provider

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// What the API calls a function of over, the catalog knows by the same name.
func TestOverFunctionsOfTheAPI(t *testing.T) {
	metrics := catalog.Builtin()
	info, err := new(redisinfo.Parser).Parse([]byte("run_id:a\r\nrole:master\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	for function, want := range map[v1alpha1.OverFunction]int64{
		"": 6, v1alpha1.OverMax: 9, v1alpha1.OverMin: 3, v1alpha1.OverAverage: 6,
	} {
		queue := newTarget("shop", "queue", "")
		queue.Declared = []target.Declared{{Name: "waiting", Probe: probe.List("k"), Over: function}}
		store, now := &history.Store{}, time.Now()
		kept := store.Open(queue.ID(), history.Policy{Interval: queue.Interval, Window: queue.Window, MaxAge: queue.MaxAge})
		for n, value := range []float64{3, 9, 6, 6} {
			at := now.Add(time.Duration(n-3) * queue.Interval)
			kept.Record(history.NewSample([]probe.Result{{Value: value}}, history.Node{At: at, Info: info}))
		}
		got, err := New(targets{queue}, store, metrics, causes{}).
			GetMetricByName(context.Background(), queue.NamespacedName, metric("waiting"), labels.Everything())
		if err != nil || got.Value.Value() != want {
			t.Errorf("over %q is %+v, %v; want %d", function, got, err, want)
		}
	}
}
