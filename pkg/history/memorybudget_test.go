package history_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// fill records samples of so many bytes each, a second apart, until one is
// refused, and returns how many were not, and why.
func fill(t testing.TB, h *history.History, parser *redisinfo.Parser, size, most int) (int, error) {
	t.Helper()
	begun := time.Now()
	for i := range most {
		info, err := parser.Parse([]byte("run_id:a\r\nrole:master\r\nx:" + strings.Repeat("x", size) + "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Record(history.NewSample(nil, history.Node{Name: "a", At: begun.Add(time.Duration(i) * time.Second), Info: info})); err != nil {
			return i, err
		}
	}
	return most, nil
}

func TestSamplesOfAnObjectAreBounded(t *testing.T) {
	var store history.Store
	long := history.Policy{Interval: time.Second, Window: time.Hour, MaxAge: time.Hour}
	for size, want := range map[int]int{1 << 20: 15, 256 << 10: 63} {
		kept, err := fill(t, store.Open(fmt.Sprint(size), long), new(redisinfo.Parser), size, 1000)
		if !errors.Is(err, history.ErrObjectFull) || kept != want {
			t.Errorf("%d samples of %d bytes are kept, and %v", kept, size, err)
		}
		store.Close(fmt.Sprint(size))
	}
	// What is past the window makes room.
	short := history.Policy{Interval: time.Second, Window: 4 * time.Second, MaxAge: time.Hour}
	if kept, err := fill(t, store.Open("short", short), new(redisinfo.Parser), 1<<20, 50); err != nil {
		t.Errorf("after %d samples: %v", kept, err)
	}
}

func TestSamplesOfAllObjectsAreBounded(t *testing.T) {
	var store history.Store
	policy := history.Policy{Interval: time.Second, Window: time.Hour, MaxAge: time.Hour}
	var refused error
	for i := 0; refused == nil; i++ {
		if i > history.LargeBytes>>20 {
			t.Fatal("nothing bounds them")
		}
		_, refused = fill(t, store.Open(fmt.Sprint(i), policy), new(redisinfo.Parser), 1<<20, 10)
	}
	if !errors.Is(refused, history.ErrStoreFull) {
		t.Errorf("refused because %v", refused)
	}
	if kept, err := fill(t, store.Open("ordinary", policy), new(redisinfo.Parser), 8<<10, 20); err != nil {
		t.Errorf("an ordinary object has %d samples, and %v", kept, err)
	}
	store.Close("0")
	if kept, err := fill(t, store.Open("later", policy), new(redisinfo.Parser), 1<<20, 5); err != nil {
		t.Errorf("once one is gone, another has %d samples, and %v", kept, err)
	}
}

// BenchmarkKept shows what an ordinary object and one of hostile answers keep, at an
// interval of a second and a window of a minute.
func BenchmarkKept(b *testing.B) {
	for name, size := range map[string]int{"ordinary": 1 << 10, "hostile": 256 << 10} {
		b.Run(name, func(b *testing.B) {
			policy := history.Policy{Interval: time.Second, Window: time.Minute, MaxAge: time.Minute}
			for b.Loop() {
				var store history.Store
				kept, _ := fill(b, store.Open("a", policy), new(redisinfo.Parser), size, 61)
				b.ReportMetric(float64(kept*size), "bytes-kept")
			}
		})
	}
}
