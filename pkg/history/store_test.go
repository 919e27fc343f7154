package history_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

func TestOldSamplesAreForgotten(t *testing.T) {
	s, redis, now := open(t), fresh("a"), time.Now()
	most := int((window+interval/2)/time.Second) + 1
	for range 1000 {
		now = now.Add(time.Second)
		s.Record(history.NewSample(nil, history.Node{At: now, Info: redis.answer(t)}))
		if kept := history.Kept(s); kept > most {
			t.Fatalf("%d samples are kept, want at most %d", kept, most)
		}
	}
	redis = fresh("b")
	s.Record(history.NewSample(nil, history.Node{At: now.Add(time.Second), Info: redis.answer(t)}))
	if kept := history.Kept(s); kept != 1 {
		t.Errorf("%d samples are kept after a restart, want 1", kept)
	}
}

func TestStoreForgetsAndKeepsApart(t *testing.T) {
	var store history.Store
	redis, t0 := fresh("a"), time.Now()
	if _, err := store.Get("a").Latest(t0); err == nil {
		t.Error("a history that was never opened gave a sample")
	}
	a := store.Open("a", policy())
	a.Record(history.NewSample(nil, history.Node{At: t0, Info: redis.answer(t)}))
	if store.Open("a", policy()) != a || store.Get("a") != a {
		t.Error("one ID has two histories")
	}
	if _, err := store.Open("b", policy()).Latest(t0); err == nil {
		t.Error("another ID has the first one's sample")
	}
	store.Close("a")
	if _, err := store.Get("a").Latest(t0); err == nil {
		t.Error("a closed history gave a sample")
	}
	if _, err := store.Open("a", policy()).Latest(t0); err == nil {
		t.Error("a history opened again gave a sample from before")
	}
}

func TestReadersAndWritersDoNotRace(t *testing.T) {
	s, redis, t0 := open(t), fresh("a"), time.Now()
	const samples = 300
	infos := make([]history.Sample, samples)
	for n := range infos {
		infos[n] = history.NewSample(nil, history.Node{At: t0.Add(time.Duration(n) * interval), Info: redis.answer(t)})
	}
	end := infos[samples-1].At
	done := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if span, err := s.Span(end); err == nil && (span.Duration() <= 0 || span.Duration() > window+interval/2) {
					t.Errorf("a span of %v", span.Duration())
				}
				_, _ = s.Latest(end)
				_, _ = s.Newest()
				_ = s.Failure()
			}
		})
	}
	writers.Go(func() {
		for n, sample := range infos {
			if n%3 == 0 {
				s.Fail(fmt.Errorf("failure %d", n))
			}
			s.Record(sample)
		}
	})
	writers.Wait()
	close(done)
	readers.Wait()
	wantSpan(t, s, end, infos[samples-4].At, end)
}
