package provider

import (
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redistest"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/sampler"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/series"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// unwatched implements sampler.Observer.
type unwatched struct{}

func (unwatched) Attempted(time.Duration, time.Duration, sampler.Reason) {}
func (unwatched) Targets(int)                                            {}

// TestFallbackOfARealRedis begins while Redis is down, lets it come, die and come back.
func TestFallbackOfARealRedis(t *testing.T) {
	server := redistest.New(t)
	server.Kill()
	metrics, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	const lasting = 5 * time.Second
	object := newTarget("shop", "cart", "")
	object.Address, object.Interval, object.Timeout = server.Addr, time.Second, 500*time.Millisecond
	object.Window, object.MaxAge = 3*time.Second, 2*time.Second
	object.Fallbacks = map[string]*target.Fallback{"requests-per-second": lastValue(lasting), "connected-clients": stated("42")}
	store := &series.Store{}
	p := New(targets{object}, store, metrics, unobserved{})
	manager := sampler.New(t.Context(), sampler.Config{Store: store, Observer: unwatched{}, Listener: p.Sampled})
	defer manager.Stop()
	p.Set(object)
	manager.Set(object)

	ask := func(name string) (value string, at time.Time, says string) {
		got, err := p.GetMetricByName(context.Background(), object.NamespacedName, metric(name), labels.Everything())
		if err != nil {
			return "", time.Time{}, err.Error()
		}
		return got.Value.String(), got.Timestamp.Time, ""
	}
	await := func(what string, is func() bool) {
		t.Helper()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		deadline := time.After(patience)
		for !is() {
			select {
			case <-tick.C:
			case <-deadline:
				t.Fatalf("never: %s", what)
			}
		}
	}
	statedIs := func(want bool) func() bool {
		return func() bool { value, _, says := ask("connected-clients"); return says == "" && (value == "42") == want }
	}
	rateSays := func(words string) func() bool {
		return func() bool { _, _, says := ask("requests-per-second"); return strings.Contains(says, words) }
	}
	rateIsFresh := func() bool {
		_, at, says := ask("requests-per-second")
		return says == "" && time.Since(at) < object.Interval
	}

	await("a stated value of a Redis that was never seen", statedIs(true))
	await("no last value of it", rateSays("LastValue has no value"))
	server.Restart()
	await("the true number of clients", statedIs(false))
	await("a rate", rateIsFresh)
	server.Kill()
	_, known, _ := ask("requests-per-second")
	await("the stated value again", statedIs(true))
	if _, at, says := ask("requests-per-second"); says != "" || at.Before(known) || time.Since(at) <= object.MaxAge {
		t.Errorf("while Redis is down the rate is of %s: %s", at, says)
	}
	await("the end of the last value", rateSays("its fallback LastValue has ended"))
	if age := time.Since(known); age < lasting {
		t.Errorf("the last value ended when it was %s old", age)
	}
	server.Restart()
	await("a rate of the new process", rateIsFresh)
	await("the true number of clients again", statedIs(false))
	if uses, _ := p.Fallbacks(object, time.Now()); len(uses) != 0 {
		t.Errorf("still in use: %+v", uses)
	}
}
