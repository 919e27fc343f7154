package provider

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// named is a set of targets by name, in order.
type named struct {
	byName map[types.NamespacedName]*target.Target
	all    []*target.Target
}

func (n named) Get(name types.NamespacedName) (*target.Target, bool) {
	t, ok := n.byName[name]
	return t, ok
}

func (n named) Select(string, labels.Selector) []*target.Target {
	return slices.Clone(n.all)
}

func (named) Current() error { return nil }

// warm is a provider of so many objects whose rates are known.
func warm(b *testing.B, objects int) *Provider {
	b.Helper()
	metrics := catalog.Builtin()
	all, store, now := named{byName: map[types.NamespacedName]*target.Target{}}, &history.Store{}, time.Now()
	for n := range objects {
		t := newTarget("shop", fmt.Sprintf("redis-%d", n), "cache")
		t.MaxAge = time.Hour
		all.byName[t.NamespacedName], all.all = t, append(all.all, t)
		s := store.Open(t.ID(), history.Policy{Interval: t.Interval, Window: t.Window, MaxAge: t.MaxAge})
		record(b, s, now, 10*time.Second, 100, 0)
		record(b, s, now, 0, 1100, 2500)
	}
	return New(all, store, metrics, unobserved{})
}

// BenchmarkServe answers as the library asks, of few and of many objects.
func BenchmarkServe(b *testing.B) {
	for _, objects := range []int{10, 10000} {
		p := warm(b, objects)
		b.Run(fmt.Sprintf("by name of %d", objects), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				name := types.NamespacedName{Namespace: "shop", Name: "redis-7"}
				if _, err := p.GetMetricByName(b.Context(), name, metric("requests-per-second"), labels.Everything()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("all of %d", objects), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				list, err := p.GetMetricBySelector(b.Context(), "shop", labels.Everything(), metric("requests-per-second"), labels.Everything())
				if err != nil || len(list.Items) != objects {
					b.Fatalf("%d values, %v", len(list.Items), err)
				}
			}
		})
	}
}
