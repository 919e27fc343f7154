package provider

import (
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// TestPassIsServedWithItsOwnTime serves what a pass over the keys counted, some
// samples after its end.
func TestPassIsServedWithItsOwnTime(t *testing.T) {
	metrics := catalog.Builtin()
	info, err := new(redisinfo.Parser).Parse([]byte("run_id:a\r\nrole:master\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, metric string
		ended        time.Duration // before now
		at           time.Duration // before now, of the answer
		window       int64
		want         string // in an error
	}{
		{"pass", "jobs", 8 * time.Second, 8 * time.Second, 5, ""},
		{"expression over it", "twice", 8 * time.Second, 2 * time.Second, 11, ""},
		{"old pass", "jobs", 16 * time.Second, 0, 0, "the newest scan of the keys ended 16s ago, more than maxAge 15s: raise spec.sampling.maxAge"},
		{"expression over an old one", "twice", 16 * time.Second, 0, 0, "jobs: the newest scan of the keys ended 16s ago"},
	} {
		t.Run(test.name, func(t *testing.T) {
			queue := newTarget("shop", "queue", "")
			queue.MaxAge = 15 * time.Second
			queue.Declared = []target.Declared{
				{Name: "jobs", Probe: probe.KeysCount("jobs:*", "", 9)}, {Name: "twice", Expression: compiled(t, `2.0 * metric("jobs")`)},
			}
			store, now := &history.Store{}, time.Now()
			ended := now.Add(-test.ended)
			result := probe.Result{Value: 7, Began: ended.Add(-5 * time.Second), Ended: ended}
			store.Open(queue.ID(), history.Policy{Interval: queue.Interval, Window: queue.Window, MaxAge: queue.MaxAge}).
				Record(history.NewSample([]probe.Result{result}, history.Node{At: now.Add(-2 * time.Second), Info: info}))
			got, err := New(targets{queue}, store, metrics, causes{}).
				GetMetricByName(context.Background(), queue.NamespacedName, metric(test.metric), labels.Everything())
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("it gives %+v, %v; want an error with %q", got, err, test.want)
				}
				return
			}
			if err != nil || !got.Timestamp.Time.Equal(now.Add(-test.at)) || *got.WindowSeconds != test.window {
				t.Errorf("it gives %+v, %v; want it %v old over %d s", got, err, test.at, test.window)
			}
		})
	}
}
