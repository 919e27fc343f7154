package status

import (
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
)

func TestSummary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		r := w.add("r", "1")
		summary := func() *v1alpha1.Summary {
			return w.controller.summary(w.store.Get(r.ID()), 0, time.Now())
		}
		if s := summary(); s != nil {
			t.Errorf("of no sample: %+v", s)
		}
		w.answer(r, newServer())
		if s := summary(); s == nil || s.RequestsPerSecond != "" || *s.ConnectedClients != 7 || s.UsedMemory != "1.5Mi" {
			t.Errorf("of one sample: %+v", s)
		}
		<-time.After(5 * time.Second)
		w.answer(r, newServer())
		if s := summary(); s == nil || s.RequestsPerSecond != "0" {
			t.Errorf("of an idle server: %+v", s)
		}
		<-time.After(16 * time.Second)
		if s := summary(); s != nil {
			t.Errorf("of an old sample: %+v", s)
		}
	})
}

func TestFormatRate(t *testing.T) {
	for rate, want := range map[float64]string{
		0: "0", 0.01: "<0.1", 0.05: "0.1", 0.94: "0.9", 1: "1", 99.96: "100", 1234.56: "1234.6",
		1e15: "1e+15", math.MaxFloat64: "1.798e+308",
	} {
		if got := formatRate(rate); got != want || len(got) > 32 {
			t.Errorf("%v reads %q, want %q", rate, got, want)
		}
	}
}

func TestFormatBytes(t *testing.T) {
	for bytes, want := range map[float64]string{
		0: "0", 512: "512", 1023: "1023", 1024: "1Ki", 1536: "1.5Ki", 3 << 19: "1.5Mi",
		1<<20 - 1: "1Mi", 1 << 30: "1Gi", 5.25 * (1 << 40): "5.2Ti", math.MaxInt64: "8Ei",
	} {
		if got := formatBytes(bytes); got != want || len(got) > 32 {
			t.Errorf("%v bytes read %q, want %q", bytes, got, want)
		}
	}
}

func TestNodes(t *testing.T) {
	known := []v1alpha1.NodeStatus{{Address: "a:1", Role: "replica", Version: "7.2.0"}}
	failed := func(text string) error { return reason.Explained(reason.Timeout, text, "") }
	h := new(history.Store).Open("x", history.Policy{})
	h.Fail(errors.New("down"), history.Node{Address: "a:1", Err: failed("down")}, history.Node{Address: "b:1"})
	if n := nodes(h, known); len(n) != 2 || n[0].Role != "replica" || n[0].Version != "7.2.0" || n[0].LastError != "down" {
		t.Errorf("not sampled yet: %+v", n)
	} else if n[1] != (v1alpha1.NodeStatus{Address: "b:1"}) {
		t.Errorf("of another address: %+v", n)
	}
	s := newServer()
	s.role, s.version = "sentinel", strings.Repeat("é", 40)+"\x1b[31m"
	h.Record(history.NewSample(nil, history.Node{Address: "a:1", Shard: "2", At: time.Now(), Info: s.info(1)},
		history.Node{Address: "c:1", Replica: true, Err: failed(strings.Repeat("x", 300))}))
	n := nodes(h, known)
	if len(n) != 2 || n[0].Role != "" || n[0].Version != "" || n[0].Shard != "2" || n[0].LastError != "" {
		t.Errorf("of a strange server: %+v", n)
	}
	if len(n) != 2 || n[1].Address != "c:1" || len(n[1].LastError) != maxErrorLength || n[1].LastSampleTime != nil {
		t.Errorf("of a replica that does not answer: %+v", n)
	}
	h.Fail(errors.New("down"), history.Node{Address: "a:1", Err: errors.New("secret")})
	if n := nodes(h, known); len(n) != 1 || n[0].LastSampleTime == nil || strings.Contains(n[0].LastError, "secret") {
		t.Errorf("of an error that must not be shown: %+v", n)
	}
}

func TestNodesNameTheKindOfServer(t *testing.T) {
	redis, valkey := newServer(), newServer()
	valkey.version, valkey.valkey = "7.2.4", "9.1.2"
	for want, s := range map[string]*server{"Redis 8.0.0": redis, "Valkey 9.1.2": valkey} {
		h := new(history.Store).Open("x", history.Policy{})
		h.Record(history.NewSample(nil, history.Node{Address: "a:1", At: time.Now(), Info: s.info(1)}))
		n := nodes(h, []v1alpha1.NodeStatus{{Address: "a:1", Server: "KeyDB", Version: "6.3.4"}})
		if got := n[0].Server + " " + n[0].Version; got != want {
			t.Errorf("status names %s, want %s", got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"8.0.0": "8.0.0", "8\x1b[0m": "8[0m", "\xff8": "8", strings.Repeat("é", 33): strings.Repeat("é", 32), "x" + strings.Repeat("é", 32): "x" + strings.Repeat("é", 31),
	} {
		if got := printable(text, 64); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
