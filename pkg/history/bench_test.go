package history_test

import (
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// answers are INFOs of one server, in turn.
func answers(b *testing.B) [64]*redisinfo.Info {
	b.Helper()
	server := fresh("a")
	var infos [64]*redisinfo.Info
	for n := range infos {
		server.work(100)
		infos[n] = server.answer(b)
	}
	return infos
}

// BenchmarkRecord records samples of one node, in the rhythm of the defaults.
func BenchmarkRecord(b *testing.B) {
	infos := answers(b)
	s := open(b)
	at := time.Now()
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		at = at.Add(interval)
		s.Record(history.NewSample(nil, history.Node{Name: "a", At: at, Info: infos[n%len(infos)]}))
	}
}

// BenchmarkSpan finds the two samples of a rate.
func BenchmarkSpan(b *testing.B) {
	infos := answers(b)
	s := open(b)
	now := time.Now()
	for n := range 5 {
		s.Record(history.NewSample(nil, history.Node{Name: "a", At: now.Add(time.Duration(n-4) * interval), Info: infos[n]}))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Span(now); err != nil {
			b.Fatal(err)
		}
	}
}
