package sampler

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

// BenchmarkSample asks a real server for a sample and records it.
func BenchmarkSample(b *testing.B) {
	at := samplertest.TargetAt("bench", redistest.New(b).Addr)
	var store history.Store
	kept := store.Open(at.ID(), history.Policy{Interval: 5 * time.Second, Window: 15 * time.Second, MaxAge: 15 * time.Second})
	asked := nodesOf(b, at)
	defer asked.Close()
	b.ReportAllocs()
	defer cpuTime(b)()
	start := time.Now()
	for n := 0; b.Loop(); n++ {
		sample, _, err := asked.Attempt(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		// As far apart as samples are, or the series would keep all of them.
		sample.At = start.Add(time.Duration(n) * 5 * time.Second)
		kept.Record(sample)
	}
}

// BenchmarkBareInfo is what BenchmarkSample is held against: INFO by go-redis and nothing else.
func BenchmarkBareInfo(b *testing.B) {
	client := redis.NewClient(&redis.Options{Addr: redistest.New(b).Addr, PoolSize: 1})
	defer func() { _ = client.Close() }()
	b.ReportAllocs()
	defer cpuTime(b)()
	for b.Loop() {
		if err := client.Info(context.Background()).Err(); err != nil {
			b.Fatal(err)
		}
	}
}

// cpuTime reports what this process took, without the server and without waiting for it.
func cpuTime(b *testing.B) (report func()) {
	b.Helper()
	taken := func() int64 {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return usage.Utime.Nano() + usage.Stime.Nano()
	}
	before := taken()
	return func() { b.ReportMetric(float64(taken()-before)/float64(b.N), "cpu-ns/op") }
}
