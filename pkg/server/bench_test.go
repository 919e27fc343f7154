package server

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/endpoints/handlers/negotiation"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/component-base/metrics"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver"
	cmprovider "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/provider"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// fixed is a set of targets.
type fixed []*target.Target

func (fixed) Get(types.NamespacedName) (*target.Target, bool) { return nil, false }

func (f fixed) Select(string, labels.Selector) []*target.Target {
	return append([]*target.Target(nil), f...)
}

func (fixed) Current() error { return nil }

func sampled(b *testing.B, objects int) *provider.Provider {
	b.Helper()
	rows := catalog.Builtin()
	observer := NewMetrics(metrics.NewKubeRegistry().MustRegister)
	var all fixed
	store := &history.Store{}
	for n := range objects {
		t := &target.Target{
			NamespacedName: types.NamespacedName{Namespace: "bench", Name: fmt.Sprintf("redis-%05d", n)},
			UID:            types.UID(fmt.Sprintf("3a6f0b8c-8d3e-4f6e-9a5e-%012d", n)), Generation: 1,
			Interval: 5 * time.Second, Window: 15 * time.Second, MaxAge: time.Hour,
		}
		s := store.Open(t.ID(), history.Policy{Interval: t.Interval, Window: t.Window, MaxAge: t.MaxAge})
		for _, ago := range []int{10, 5, 0} {
			info, err := new(redisinfo.Parser).Parse(fmt.Appendf(nil, "run_id:a\r\nrole:master\r\nredis_version:8.0.0\r\n# Stats\r\ntotal_commands_processed:%d\r\n# Commandstats\r\ncmdstat_get:calls=%d,usec=1\r\ncmdstat_info:calls=%d,usec=1\r\n", 2000-ago*107, 1000-ago*100, 20-ago))
			if err != nil {
				b.Fatal(err)
			}
			s.Record(history.NewSample(nil, history.Node{Address: "r:6379", At: time.Now().Add(-time.Duration(ago) * time.Second), RoundTrip: time.Millisecond, Info: info}))
		}
		all = append(all, t)
	}
	return provider.New(all, store, rows, observer)
}

// BenchmarkSelector answers for all of many objects, as the library does.
func BenchmarkSelector(b *testing.B) {
	p := sampled(b, 10000)
	get := func() *custom_metrics.MetricValueList {
		info := cmprovider.CustomMetricInfo{GroupResource: v1alpha1.GroupResource(), Namespaced: true, Metric: catalog.RequestsPerSecond}
		list, err := p.GetMetricBySelector(b.Context(), "bench", labels.Everything(), info, labels.Everything())
		if err != nil || len(list.Items) != 10000 {
			b.Fatal(len(list.Items), err)
		}
		return list
	}
	b.Run("values", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			get()
		}
	})
	for _, encoding := range []string{"", "gzip"} {
		b.Run("encode "+encoding, func(b *testing.B) {
			list := get()
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header.Set("Accept", "application/vnd.kubernetes.protobuf, */*")
				r.Header.Set("Accept-Encoding", encoding)
				w := &discarding{header: http.Header{}}
				responsewriters.WriteObjectNegotiated(apiserver.Codecs, negotiation.DefaultEndpointRestrictions, v1beta2.SchemeGroupVersion, w, r, http.StatusOK, list, false)
				if w.written == 0 {
					b.Fatal("nothing written")
				}
				b.ReportMetric(float64(w.written), "B/answer")
			}
		})
	}
}

type discarding struct {
	header  http.Header
	written int
}

func (d *discarding) Header() http.Header { return d.header }
func (*discarding) WriteHeader(int)       {}
func (d *discarding) Write(p []byte) (int, error) {
	d.written += len(p)
	return io.Discard.Write(p)
}
