package probe_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
)

// nodes are the Results of a counter at nodes, by name.
type nodes map[string]float64

func join(p *probe.Probe, of nodes, names ...string) probe.Result {
	var results []probe.NodeResults
	for _, name := range names {
		results = append(results, probe.NodeResults{Node: name, Results: []probe.Result{{Value: of[name]}}})
	}
	return probe.Compile([]*probe.Probe{p}).Join(results, nil)[0]
}

func TestCounterOfSeveralNodesGrowsAtEach(t *testing.T) {
	for name, test := range map[string]struct {
		before, after nodes
		order         []string // of the nodes after
		joins         bool
	}{
		"each grows":                  {nodes{"a": 1, "b": 2}, nodes{"a": 1, "b": 3}, []string{"a", "b"}, true},
		"one falls, another hides it": {nodes{"a": 1000, "b": 0}, nodes{"a": 10, "b": 1200}, []string{"a", "b"}, false},
		"the order changes":           {nodes{"a": 1000, "b": 0}, nodes{"a": 1001, "b": 2}, []string{"b", "a"}, true},
		"one falls, in another order": {nodes{"a": 0, "b": 1000}, nodes{"a": 1200, "b": 10}, []string{"b", "a"}, false},
		"a node comes":                {nodes{"a": 1, "b": 2}, nodes{"a": 1, "b": 3, "c": 4}, []string{"a", "b", "c"}, false},
		"a node goes":                 {nodes{"a": 1, "b": 2}, nodes{"a": 9}, []string{"a"}, false},
		"another node":                {nodes{"a": 1, "b": 2}, nodes{"a": 1, "c": 9}, []string{"a", "c"}, false},
	} {
		p := probe.Info("field", probe.Counter, probe.Sum)
		before, after := join(p, test.before, "a", "b"), join(p, test.after, test.order...)
		if before.Err != nil || after.Err != nil {
			t.Fatal(before.Err, after.Err)
		}
		if got := p.Joins(before, after); got != test.joins {
			t.Errorf("%s: joins %v", name, got)
		}
	}
}

func TestJoin(t *testing.T) {
	t0 := time.Now()
	pass := func(value float64, began, ended int) probe.Result {
		return probe.Result{Value: value, Began: t0.Add(time.Duration(began)), Ended: t0.Add(time.Duration(ended))}
	}
	silent := probe.NodeResults{Node: "silent"}
	of := func(results ...probe.Result) probe.NodeResults { return probe.NodeResults{Node: "a", Results: results} }
	for name, test := range map[string]struct {
		probe *probe.Probe
		nodes []probe.NodeResults
		owner int
		want  probe.Result
		err   string
	}{
		"sum":                          {probe.PubSub("c"), []probe.NodeResults{of(pass(1, 0, 0)), of(pass(2, 0, 0))}, 0, pass(3, 0, 0), ""},
		"max":                          {probe.Info("f", probe.Gauge, probe.Max), []probe.NodeResults{of(pass(1, 0, 0)), of(pass(2, 0, 0))}, 0, pass(2, 0, 0), ""},
		"min":                          {probe.Info("f", probe.Gauge, probe.Min), []probe.NodeResults{of(pass(2, 0, 0)), of(pass(1, 0, 0))}, 0, pass(1, 0, 0), ""},
		"sum beside a silent node":     {probe.PubSub("c"), []probe.NodeResults{silent, of(pass(2, 0, 0))}, 0, pass(2, 0, 0), ""},
		"sum with an error":            {probe.PubSub("c"), []probe.NodeResults{of(pass(1, 0, 0)), of(probe.Result{Err: errors.New("no")})}, 0, probe.Result{}, "no"},
		"pass as old as the oldest":    {probe.KeysCount("*", "", 1), []probe.NodeResults{of(pass(1, 5, 9)), of(pass(2, 4, 8))}, 0, pass(3, 4, 8), ""},
		"pass in the other order":      {probe.KeysCount("*", "", 1), []probe.NodeResults{of(pass(1, 4, 8)), of(pass(2, 5, 9))}, 0, pass(3, 4, 8), ""},
		"key at the first node":        {probe.List("k"), []probe.NodeResults{of(pass(1, 0, 0)), of(pass(2, 0, 0))}, 0, pass(1, 0, 0), ""},
		"key at its owner":             {probe.List("k"), []probe.NodeResults{of(pass(1, 0, 0)), of(pass(2, 0, 0))}, 1, pass(2, 0, 0), ""},
		"key that no node has":         {probe.List("k"), []probe.NodeResults{of(pass(1, 0, 0))}, -1, probe.Result{}, "did not answer"},
		"key of a node that is absent": {probe.List("k"), []probe.NodeResults{of(pass(1, 0, 0))}, 1, probe.Result{}, "did not answer"},
		"key of a silent node":         {probe.List("k"), []probe.NodeResults{of(pass(1, 0, 0)), silent}, 1, probe.Result{}, "did not answer"},
	} {
		got := probe.Compile([]*probe.Probe{test.probe}).Join(test.nodes, func(string) int { return test.owner })[0]
		switch {
		case test.err == "" && got != test.want:
			t.Errorf("%s gives %+v, want %+v", name, got, test.want)
		case test.err != "" && (got.Err == nil || !strings.Contains(got.Err.Error(), test.err)):
			t.Errorf("%s gives %+v, want an error with %q", name, got, test.err)
		}
	}
}
