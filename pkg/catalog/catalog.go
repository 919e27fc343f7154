package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/series"
)

// Kind says what a metric is taken from.
type Kind string

const (
	// Gauge is a level at one instant.
	Gauge Kind = "gauge"
	// Rate is the growth of a counter in one second, over a window.
	Rate Kind = "rate"
	// Ratio is the growth of one counter to that of another, over a window.
	Ratio Kind = "ratio"
)

// Fold says how several series become one value.
type Fold string

const (
	// Sum adds the series. The sum of no series is 0.
	Sum Fold = "sum"
	// Single means that the metric has one series only.
	Single Fold = "single"
)

// Labels of a series.
const (
	// LabelRole is primary or replica.
	LabelRole = "role"
	// LabelCommand is a command's lower-case name.
	LabelCommand = "command"
)

// Metric is one row of the catalogue.
type Metric struct {
	// Name is the name under which the metric is served.
	Name string
	// Unit is the unit of its value.
	Unit string
	// Help says in a sentence what it measures.
	Help string
	// Kind says what it is taken from.
	Kind Kind
	// Fold says how its series become one value.
	Fold Fold
	// Labels are the labels of its series, beside LabelRole.
	Labels []string

	gauge  func(in gaugeInput) ([]Series, error)
	window func(in windowInput) ([]Series, error)
}

// Series is one labelled value of a metric.
type Series struct {
	Labels map[string]string
	Value  float64
}

type gaugeInput struct {
	info     *redisinfo.Info
	database int
}

type windowInput struct {
	first, last *redisinfo.Info
	seconds     float64
	// own tells how often the adapter itself called a command meanwhile.
	own func(command string) int64
}

// History is what a metric is computed from. *series.Series implements it.
type History interface {
	Latest(now time.Time) (series.Sample, error)
	Span(now time.Time) (series.Span, error)
}

// Selector picks series by their labels.
type Selector interface {
	Matches(labels map[string]string) bool
	Empty() bool
}

// Query says what of a metric is asked for.
type Query struct {
	// Now is the instant of the question.
	Now time.Time
	// Database is the logical database of the object.
	Database int
	// Selector picks series; nil picks all.
	Selector Selector
}

// Reading is the value of a metric.
type Reading struct {
	// Value is finite and not negative, in the metric's unit.
	Value float64
	// At is the instant of the newest sample in the value.
	At time.Time
	// Window is the time before At that the value covers, 0 for a gauge.
	Window time.Duration
}

// Catalog is a set of metrics.
type Catalog struct {
	metrics []Metric
	byName  map[string]int
}

// New returns a catalogue of rows whose names differ, ordered by name.
func New(rows ...Metric) (*Catalog, error) {
	c := &Catalog{metrics: slices.Clone(rows), byName: make(map[string]int, len(rows))}
	slices.SortFunc(c.metrics, func(a, b Metric) int { return cmp.Compare(a.Name, b.Name) })
	for n, m := range c.metrics {
		if _, twice := c.byName[m.Name]; twice {
			return nil, fmt.Errorf("metric %s is defined twice", m.Name)
		}
		if (m.gauge == nil) == (m.window == nil) {
			return nil, fmt.Errorf("metric %s must have one function, for a gauge or for a window", m.Name)
		}
		c.byName[m.Name] = n
	}
	return c, nil
}

// All returns every metric, ordered by name. The caller must not modify it.
func (c *Catalog) All() []Metric {
	return c.metrics
}

// Lookup returns the metric of that name.
func (c *Catalog) Lookup(name string) (*Metric, bool) {
	n, ok := c.byName[name]
	if !ok {
		return nil, false
	}
	return &c.metrics[n], true
}

// Read computes the value of the metric from a history.
func (m *Metric) Read(h History, q Query) (Reading, error) {
	found, reading, err := m.series(h, q)
	if err != nil {
		return Reading{}, err
	}
	if q.Selector != nil && !q.Selector.Empty() {
		chosen := slices.DeleteFunc(slices.Clone(found), func(s Series) bool { return !q.Selector.Matches(s.Labels) })
		if len(chosen) == 0 {
			return Reading{}, noSeries(m, found)
		}
		found = chosen
	}
	for _, s := range found {
		reading.Value += s.Value
	}
	if math.IsNaN(reading.Value) || math.IsInf(reading.Value, 0) || reading.Value < 0 {
		return Reading{}, &ValueError{Metric: m.Name, Err: fmt.Errorf("the server's counters give %v", reading.Value)}
	}
	return reading, nil
}

// series computes all series, and when they were taken.
func (m *Metric) series(h History, q Query) ([]Series, Reading, error) {
	if m.gauge != nil {
		sample, err := h.Latest(q.Now)
		if err != nil {
			return nil, Reading{}, err
		}
		found, err := m.gauge(gaugeInput{info: sample.Info, database: q.Database})
		return m.label(found, sample.Info, err, Reading{At: sample.At})
	}
	span, err := h.Span(q.Now)
	if err != nil {
		return nil, Reading{}, err
	}
	in := windowInput{first: span.First.Info, last: span.Last.Info, seconds: span.Duration().Seconds(), own: func(command string) int64 {
		return span.Last.Own.Since(span.First.Own, command)
	}}
	found, err := m.window(in)
	return m.label(found, span.Last.Info, err, Reading{At: span.Last.At, Window: span.Duration()})
}

func (m *Metric) label(found []Series, info *redisinfo.Info, err error, reading Reading) ([]Series, Reading, error) {
	role, errRole := Role(info)
	if err := errors.Join(err, errRole); err != nil {
		return nil, Reading{}, &ValueError{Metric: m.Name, Err: err}
	}
	for n := range found {
		if found[n].Labels == nil {
			found[n].Labels = map[string]string{}
		}
		found[n].Labels[LabelRole] = role
	}
	return found, reading, nil
}

// Role returns what a server says of itself, primary or replica. INFO writes
// master and slave.
func Role(info *redisinfo.Info) (string, error) {
	text, err := info.Text("role")
	if err != nil {
		return "", err
	}
	switch text {
	case "master":
		return "primary", nil
	case "slave":
		return "replica", nil
	}
	return "", fmt.Errorf("INFO field role: %w: %.32q", redisinfo.ErrMalformed, text)
}
