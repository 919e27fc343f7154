package history_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

// replay plays events against a History and remembers all of them.
type replay struct {
	t       *testing.T
	history *history.History
	server  server
	now     time.Time
	samples []history.Sample
	failed  bool
}

// step plays the event that a byte stands for, after a time that another stands for.
func (h *replay) step(event, wait byte) {
	h.now = h.now.Add(time.Duration(wait) * 100 * time.Millisecond)
	switch event % 12 {
	case 0, 1, 2, 3, 4, 5:
	case 6:
		h.server.epoch++
		h.server.runID = fmt.Sprintf("process-%d", h.server.epoch)
	case 7:
		h.server.role = map[string]string{"master": "slave", "slave": "master"}[h.server.role]
		h.server.epoch++
	case 8:
		h.server.resetAndOutgrow("calls=1,usec=5")
	case 9:
		h.server.commands = 0
		h.server.gets = 0
		h.server.infos = 0
		h.server.epoch++
	case 10:
		h.now = suspended(h.t, h.now, time.Minute)
		h.server.epoch++
	case 11:
		h.history.Fail(errors.New("no answer"))
		h.failed = true
		return
	}
	h.server.work(int64(event))
	sample := history.NewSample(nil, history.Node{At: h.now, Info: h.server.answer(h.t)})
	h.history.Record(sample)
	h.samples = append(h.samples, sample)
	h.failed = false
}

// check holds what is served at an instant against all that was recorded.
func (h *replay) check(now time.Time) {
	h.t.Helper()
	if (h.history.Failure() != nil) != h.failed {
		h.t.Fatalf("Failure = %v", h.history.Failure())
	}
	latest, errLatest := h.history.Latest(now)
	span, errSpan := h.history.Span(now)
	if len(h.samples) == 0 {
		if errLatest == nil || errSpan == nil {
			h.t.Fatal("something is served and nothing was recorded")
		}
		return
	}
	newest := h.samples[len(h.samples)-1]
	age := max(now.Sub(newest.At), now.Round(0).Sub(newest.At.Round(0)))
	if served := errLatest == nil; served != (age <= maxAge) {
		h.t.Fatalf("the newest sample is %v old and Latest = %v", age, errLatest)
	}
	if errLatest == nil && latest.Nodes[0].Info != newest.Nodes[0].Info {
		h.t.Fatal("Latest is not the newest sample")
	}
	var want *history.Sample // the oldest sample that a span may begin with
	for n := range h.samples {
		first := h.samples[n]
		apart := newest.At.Sub(first.At)
		if apart > 0 && apart <= window+interval/2 && epochOf(h.t, first) == epochOf(h.t, newest) {
			want = &first
			break
		}
	}
	switch {
	case errSpan != nil && errLatest == nil && want != nil:
		h.t.Fatalf("Span = %v; want one of %v", errSpan, newest.At.Sub(want.At))
	case errSpan != nil:
		return
	case errLatest != nil:
		h.t.Fatalf("a span is served although %v", errLatest)
	case want == nil:
		h.t.Fatalf("a span of %v is served; want none", span.Duration())
	case span.Last.Nodes[0].Info != newest.Nodes[0].Info || span.First.Nodes[0].Info != want.Nodes[0].Info:
		h.t.Fatalf("a span of %v is served; want the newest sample's longest, %v", span.Duration(), newest.At.Sub(want.At))
	}
}

func play(t *testing.T, events []byte) {
	t.Helper()
	h := &replay{t: t, history: open(t), server: fresh("a"), now: time.Now()}
	h.check(h.now)
	for n := 0; n+1 < len(events) && n < 400; n += 2 {
		h.step(events[n], events[n+1])
		for _, later := range []time.Duration{0, interval, maxAge, maxAge + 1, time.Hour} {
			h.check(h.now.Add(later))
		}
		h.check(suspended(t, h.now, maxAge+1))
	}
	if kept := history.Kept(h.history); kept > len(h.samples) {
		t.Fatalf("%d samples are kept of %d", kept, len(h.samples))
	}
}

// FuzzEverySpanIsHonest checks that a span joins the newest sample, not older
// than maxAge, with the oldest one of the same process within reach, or is an error.
func FuzzEverySpanIsHonest(f *testing.F) {
	f.Add([]byte{0, 50, 0, 50, 0, 50, 0, 50, 0, 50})
	f.Add([]byte{0, 50, 6, 50, 0, 50, 11, 50, 0, 50, 0, 50})
	f.Add([]byte{0, 50, 0, 50, 8, 50, 8, 50, 0, 50})
	f.Add([]byte{0, 50, 10, 1, 0, 200, 9, 50, 7, 50, 0, 0})
	f.Fuzz(play)
}

func TestEverySpanOfRandomHistoriesIsHonest(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		events := make([]byte, 200)
		for n := range events {
			events[n] = byte(random.UintN(256))
			if n%2 == 1 {
				events[n] %= 70
			}
		}
		play(t, events)
	}
}
