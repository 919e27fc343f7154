package catalog

import (
	"fmt"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

// Formula computes a number from metrics by their names. *expression.Expression implements it.
type Formula interface {
	Names() []string
	Eval(of map[string]float64) (float64, error)
}

// Reader computes a metric from a history.
type Reader func(h *history.History, q Query) (Reading, error)

// Expression is a metric of one object that is computed from its other metrics.
type Expression struct {
	// Name is the name under which it is served.
	Name string
	// Formula computes it.
	Formula Formula
	// Find finds the metrics that Formula names.
	Find func(name string) (Reader, bool)
}

// Read computes the metric from one state of a history, like Metric.Read. Its window covers the
// windows of the metrics that it names, up to the newest sample. The selector applies to its one
// series, which has the label role, and not to theirs.
func (c Expression) Read(h *history.History, q Query) (Reading, error) {
	h = h.Snapshot()
	newest, err := h.Latest(q.Now)
	if err != nil {
		return Reading{}, err
	}
	reading := Reading{At: newest.At}
	all := q
	all.Selector = nil
	values := map[string]float64{}
	for _, name := range c.Formula.Names() {
		read, ok := c.Find(name)
		if !ok {
			return Reading{}, fmt.Errorf("the object has no metric %s that the expression may name", name)
		}
		one, err := read(h, all)
		if err != nil {
			return Reading{}, fmt.Errorf("%s: %w", name, err)
		}
		values[name] = one.Value
		reading.Window = max(reading.Window, newest.At.Sub(one.At)+one.Window)
	}
	if reading.Value, err = c.Formula.Eval(values); err != nil {
		return Reading{}, err
	}
	if err := chosen(c.Name, newest, q.Selector); err != nil {
		return Reading{}, err
	}
	return reading, nil
}

// chosen fails unless a selector selects the one series of a declared metric. Its role
// is that of the nodes that count.
func chosen(metric string, newest history.Sample, selector Selector) error {
	labels, err := labelsOf(&newest.Counted()[0], selector)
	if err != nil {
		return err
	}
	delete(labels, LabelNode) // the value is of all nodes
	delete(labels, LabelShard)
	if !selector.matches(labels) {
		return noSeries(metric, []Series{{Labels: labels}})
	}
	return nil
}
