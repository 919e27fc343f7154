package sampler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/samplertest"
)

func TestObjectThatTakesTooMuchSaysSo(t *testing.T) {
	var store history.Store
	tgt := samplertest.TargetAt("large", "127.0.0.1:1")
	l := newLoop(t.Context(), tgt, time.Now())
	defer l.cancel()
	l.nodes = nodesOf(t, tgt)
	l.history = store.Open("large", history.Policy{Interval: time.Second, Window: time.Hour, MaxAge: time.Hour})
	text := "cmdstat_x:" + strings.Repeat("x", 1<<20)
	begun := time.Now()
	for i := range 100 {
		info, err := new(redisinfo.Parser).Parse([]byte("role:master\r\nrun_id:a\r\n" + text + "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		one := history.Node{Name: "a", Info: info}
		one.At = begun.Add(time.Duration(i) * time.Second)
		err = l.record(history.NewSample(nil, one))
		if err == nil {
			continue
		}
		if reason.Classify(err).Reason != reason.TooMuchData || !strings.Contains(err.Error(), "more than 16 MiB") || i < 10 || i > 16 {
			t.Errorf("sample %d: %v", i, err)
		}
		return
	}
	t.Error("nothing bounds it")
}

func TestLimitsAreAsDocumented(t *testing.T) {
	samplertest.Documented(t,
		fmt.Sprintf("| %.0f s, or two intervals if that is longer |", longestPause.Seconds()),
		fmt.Sprintf("| the samples of one object | %d MiB |", history.ObjectBytes>>20),
		fmt.Sprintf("| the samples of all objects, beyond %d KiB of each | %d MiB |", history.OrdinaryBytes>>10, history.LargeBytes>>20))
	for failure, want := range map[reason.Reason]string{
		reason.TooMuchData: fmt.Sprintf("more than %d MiB", history.ObjectBytes>>20),
		reason.MemoryFull:  fmt.Sprintf("the %d MiB that they share beyond %d KiB each", history.LargeBytes>>20, history.OrdinaryBytes>>10),
	} {
		if text := (&reason.Error{Reason: failure}).Error(); !strings.Contains(text, want) {
			t.Errorf("%s says %q, want %q in it", failure, text, want)
		}
	}
}
