package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

// difference is the formula x - y.
type difference struct{}

func (difference) Names() []string { return []string{"x", "y"} }

func (difference) Eval(of map[string]float64) (float64, error) { return of["x"] - of["y"], nil }

// Metrics that an expression names are read from the same samples, though a newer
// sample arrives between one and the other.
func TestExpressionIsOfOneStateOfTheHistory(t *testing.T) {
	now := time.Now()
	s := new(history.Store).Open("x", history.Policy{Interval: 10 * time.Second, Window: 20 * time.Second, MaxAge: time.Minute})
	arrives := func(clients string) {
		s.Record(history.NewSample(nil, history.Node{At: now, Info: info(t, "connected_clients:"+clients)}))
	}
	arrives("3")
	clients := metric(t, catalog.ConnectedClients)
	computed := catalog.Expression{Name: "none", Formula: difference{}, Find: func(string) (catalog.Reader, bool) {
		return func(h *history.History, q catalog.Query) (catalog.Reading, error) {
			got, err := clients.Read(h, q)
			arrives("50")
			return got, err
		}, true
	}}
	if got, err := computed.Read(s, catalog.Query{Now: now}); err != nil || got.Value != 0 {
		t.Errorf("Read = %v, %v; want 0", got.Value, err)
	}
	for selector, says := range map[string]string{
		"role=primary": "", "role!=replica": "", "role=replica": "role is one of primary", "node=a": "matches no series",
	} {
		_, err := computed.Read(s, catalog.Query{Now: now, Selector: picking(t, selector)})
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("of %s: %v; want %q", selector, err, says)
		}
	}
}

// An expression covers what its metrics cover, from the earliest on: here a pass over the keys.
func TestExpressionCoversWhatItsMetricsCover(t *testing.T) {
	now := time.Now()
	s := recorded(history.Node{At: now, Info: info(t)})
	windows := map[string]time.Duration{"x": 5 * time.Second, "y": time.Second}
	computed := catalog.Expression{Name: "none", Formula: difference{}, Find: func(name string) (catalog.Reader, bool) {
		return func(*history.History, catalog.Query) (catalog.Reading, error) {
			return catalog.Reading{At: now.Add(-8 * time.Second), Window: windows[name]}, nil
		}, true
	}}
	if got, err := computed.Read(s, catalog.Query{Now: now}); err != nil || !got.At.Equal(now) || got.Window != 13*time.Second {
		t.Errorf("Read = %+v, %v; want a window of 13 s up to now", got, err)
	}
}
