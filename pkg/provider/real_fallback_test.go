package provider

import (
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/egress"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/reason"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/sampler"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// unwatched implements sampler.Observer.
type unwatched struct{}

func (unwatched) Attempted(time.Duration, time.Duration, reason.Reason) {}
func (unwatched) Targets(sampler.State, int)                            {}

// sampled is a provider of one object whose Redis is sampled each second.
type sampled struct {
	*Provider
	t      *testing.T
	object *target.Target
}

func sampling(t *testing.T, object *target.Target) *sampled {
	t.Helper()
	metrics := catalog.Builtin()
	object.Interval, object.Timeout = time.Second, 500*time.Millisecond
	object.Window, object.MaxAge = 3*time.Second, 2*time.Second
	store := &history.Store{}
	p := New(targets{object}, store, metrics, unobserved{})
	loopback, err := egress.New(egress.Config{AllowLoopback: true})
	if err != nil {
		t.Fatal(err)
	}
	manager := sampler.New(t.Context(), sampler.Config{Store: store, Observer: unwatched{}, Listener: p.Sampled, Egress: loopback, Credentials: credentials.New(nil, types.NamespacedName{}), Reads: metrics.Reads})
	t.Cleanup(manager.Stop)
	p.Set(object)
	manager.Set(object)
	return &sampled{p, t, object}
}

// ask returns a value and the instant that it is of, or what the error says.
func (s *sampled) ask(name string) (value string, at time.Time, says string) {
	got, err := s.GetMetricByName(context.Background(), s.object.NamespacedName, metric(name), labels.Everything())
	if err != nil {
		return "", time.Time{}, err.Error()
	}
	return got.Value.String(), got.Timestamp.Time, ""
}

func (s *sampled) await(what string, is func() bool) {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("never: %s", what)
		}
	}
}

// awaitStated waits until the number of clients is the stated one, or is not.
func (s *sampled) awaitStated(stated bool) {
	s.t.Helper()
	s.await("the number of clients, stated or true", func() bool {
		value, _, says := s.ask("connected-clients")
		return says == "" && (value == "42") == stated
	})
}

func (s *sampled) awaitNoRate(words string) {
	s.t.Helper()
	s.await("no rate", func() bool { _, _, says := s.ask("requests-per-second"); return strings.Contains(says, words) })
}

func (s *sampled) awaitFreshRate() {
	s.t.Helper()
	s.await("a rate", func() bool {
		_, at, says := s.ask("requests-per-second")
		return says == "" && time.Since(at) < s.object.Interval
	})
}

// TestFallbackOfARealRedis begins while Redis is down, lets it come, die and come back.
func TestFallbackOfARealRedis(t *testing.T) {
	server := redistest.New(t)
	server.Kill()
	const lasting = 5 * time.Second
	object := newTarget("shop", "cart", "")
	object.Address = server.Addr
	object.Fallbacks = map[string]*target.Fallback{"requests-per-second": lastValueFor(lasting), "connected-clients": stated("42")}
	s := sampling(t, object)

	s.awaitStated(true)
	s.awaitNoRate("LastValue has no value")
	server.Restart()
	s.awaitStated(false)
	s.awaitFreshRate()
	server.Kill()
	_, known, _ := s.ask("requests-per-second")
	s.awaitStated(true)
	if _, at, says := s.ask("requests-per-second"); says != "" || at.Before(known) || time.Since(at) <= object.MaxAge {
		t.Errorf("while Redis is down the rate is of %s: %s", at, says)
	}
	s.awaitNoRate("its fallback LastValue has ended")
	if age := time.Since(known); age < lasting {
		t.Errorf("the last value ended when it was %s old", age)
	}
	server.Restart()
	s.awaitFreshRate()
	s.awaitStated(false)
	if uses, _ := s.Fallbacks(object, time.Now()); len(uses) != 0 {
		t.Errorf("still in use: %+v", uses)
	}
}
