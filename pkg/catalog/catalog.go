package catalog

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Kind says how a metric is computed.
type Kind string

const (
	// Gauge is a level at one instant.
	Gauge Kind = "gauge"
	// Rate is the growth of a counter per second, over a window.
	Rate Kind = "rate"
	// Ratio is the growth of one counter over a window, divided by that of another, or
	// by time if the counter is in seconds.
	Ratio Kind = "ratio"
)

// Labels of a series. None holds an address.
const (
	// LabelRole is primary or replica.
	LabelRole = "role"
	// LabelCommand is a command's lower-case name.
	LabelCommand = "command"
	// LabelDatabase is the number of a logical database.
	LabelDatabase = "db"
	// LabelError is the code at the beginning of an error reply.
	LabelError = "error"
	// LabelMode is user or system.
	LabelMode = "mode"
	// LabelPercentile is a percentile, such as 99.9.
	LabelPercentile = "percentile"
	// LabelReplica is the position of a replica in its primary's list, from 0.
	LabelReplica = "replica"
	// LabelNode identifies a server process: its ID in a cluster, otherwise its run_id.
	LabelNode = "node"
	// LabelShard is the number of a shard of a cluster, from 0, in the order of their lowest
	// slots.
	LabelShard = "shard"
)

// Metric is one row of the catalog.
type Metric struct {
	// Name is the name under which the metric is served.
	Name string
	// Unit is the unit of its value.
	Unit string
	// Versions are the versions of Redis that have it, such as 7.0+; empty for all.
	Versions string
	// Help says in a sentence or more what it measures.
	Help string
	// Kind says how it is computed.
	Kind Kind
	// Aggregation says how its series become one value.
	Aggregation Aggregation
	// Labels are the labels of its series, besides those of nodes: LabelRole, LabelNode and, in a cluster,
	// LabelShard.
	Labels []string

	// ofData marks metrics of keys, or of the commands that read and write them: see
	// unsettled.
	ofData bool
	// never reports whether a value of the first of Labels, if the server does not
	// report it, has counted nothing. nil means that this is not known.
	never func(value string) bool

	gauge  computation[gaugeInput]
	window computation[windowInput]
}

// computation is a pure function of samples, and the fields of INFO that it reads. A
// field that ends in * is a prefix.
type computation[Input any] struct {
	of     func(in Input) ([]Series, error)
	fields []string
}

func computed[Input any](of func(in Input) ([]Series, error), fields ...string) computation[Input] {
	return computation[Input]{of, fields}
}

// Series is one labelled value of a metric.
type Series struct {
	Labels map[string]string
	Value  float64

	// weight is the weight of Value if the metric aggregates as Weighted, and none is
	// why it has no weight.
	weight        float64
	noValueReason error
	// err says why this series has no value while others of the metric may have.
	err error
}

type gaugeInput struct {
	info     *redisinfo.Info
	database int
}

type windowInput struct {
	first, last *redisinfo.Info
	seconds     float64
	// labelled means that the selector needs the labels of the series.
	labelled bool
	// own returns how often the adapter itself called a command meanwhile, or at least
	// how often if exact is false.
	own func(command string) (calls int64, exact bool)
}

// History is what a metric is computed from. *history.History implements it.
type History interface {
	Latest(now time.Time) (history.Sample, error)
	Span(now time.Time) (history.Span, error)
}

// Query is a request for a metric.
type Query struct {
	// Now is the instant of the request.
	Now time.Time
	// Database is the logical database of the object.
	Database int
	// Selector selects series; an empty one selects all.
	Selector Selector
}

// Reading is the value of a metric.
type Reading struct {
	// Value is finite and not negative, in the metric's unit.
	Value float64
	// At is the instant of the newest sample that the value uses.
	At time.Time
	// Window is the time before At that the value covers, 0 for a gauge.
	Window time.Duration
}

// Catalog is a set of metrics.
type Catalog struct {
	metrics  []Metric
	byName   map[string]int
	fields   map[string]bool
	prefixes []string
}

// newCatalog returns a catalog of rows, ordered by name.
func newCatalog(rows ...Metric) *Catalog {
	c := &Catalog{metrics: rows, byName: make(map[string]int, len(rows)), fields: map[string]bool{"role": true}}
	slices.SortFunc(c.metrics, func(a, b Metric) int { return cmp.Compare(a.Name, b.Name) })
	for n, m := range c.metrics {
		c.byName[m.Name] = n
		for _, field := range slices.Concat(m.gauge.fields, m.window.fields) {
			if prefix, records := strings.CutSuffix(field, "*"); !records {
				c.fields[field] = true
			} else if !slices.Contains(c.prefixes, prefix) {
				c.prefixes = append(c.prefixes, prefix)
			}
		}
	}
	return c
}

// Reads reports whether any metric reads a field of INFO.
func (c *Catalog) Reads(field string) bool {
	return c.fields[field] || slices.ContainsFunc(c.prefixes, func(prefix string) bool { return strings.HasPrefix(field, prefix) })
}

// All returns every metric, ordered by name. The caller must not modify it.
func (c *Catalog) All() []Metric {
	return c.metrics
}

// Lookup returns the metric with a name.
func (c *Catalog) Lookup(name string) (*Metric, bool) {
	n, ok := c.byName[name]
	if !ok {
		return nil, false
	}
	return &c.metrics[n], true
}

// Read computes the value of the metric from a history. Replicas count only if the
// selector names LabelRole, or if there is no primary.
func (m *Metric) Read(h History, q Query) (Reading, error) {
	found, reading, err := m.series(h, q)
	if err != nil {
		return Reading{}, err
	}
	if reading.Value, err = m.Aggregation.of(found); err != nil {
		return Reading{}, err
	}
	return reading, nil
}

// series computes the series that a query selects, and the time and window of the
// value.
func (m *Metric) series(h History, q Query) ([]Series, Reading, error) {
	if m.gauge.of != nil {
		sample, unknown := h.Latest(q.Now)
		if unknown != nil {
			return nil, Reading{}, unknown
		}
		found, err := m.ofNodes(sample, q, func(node *history.Node) ([]Series, error) {
			if m.ofData {
				if err := unsettled(&sample, node); err != nil {
					return nil, err
				}
			}
			return m.gauge.of(gaugeInput{info: node.Info, database: q.Database})
		})
		return found, Reading{At: sample.At}, err
	}
	span, unknown := h.Span(q.Now)
	if unknown != nil {
		return nil, Reading{}, unknown
	}
	found, err := m.ofNodes(span.Last, q, func(last *history.Node) ([]Series, error) {
		first, ok := span.Of(last)
		switch {
		case !ok:
			return nil, errNodeBegan
		case m.ofData && span.Migrated(last):
			_, refused := span.Last.Migrating(last)
			return nil, cmp.Or(refused, errMigrated)
		}
		return m.window.of(windowInput{
			first: first.Info, last: last.Info, seconds: last.At.Sub(first.At).Seconds(), labelled: !q.Selector.ofNodesAlone(),
			own: func(command string) (int64, bool) { return last.Own.Since(first.Own, command) },
		})
	})
	return found, Reading{At: span.Last.At, Window: span.Duration()}, err
}
