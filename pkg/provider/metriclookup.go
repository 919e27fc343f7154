package provider

import (
	"errors"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// metric finds a metric of an object, built in or declared. It also finds a metric that
// is invalid, or whose formula is not compiled yet. Its value is unknown.
func (p *Provider) metric(t *target.Target, name string) (catalog.Reader, bool) {
	if why := t.Refused(name); why != "" {
		return without(errors.New(why)), true
	}
	declared, ok := t.Lookup(name)
	switch {
	case ok && declared.Pending():
		return without(target.ErrNotCompiled), true
	case ok && declared.Computed():
		row := catalog.Expression{Name: name, Formula: declared.Expression, Find: func(name string) (catalog.Reader, bool) {
			return p.measured(t, name)
		}}
		return row.Read, true
	}
	return p.measured(t, name)
}

// without returns a metric that never has a value.
func without(why error) catalog.Reader {
	return func(*history.History, catalog.Query) (catalog.Reading, error) {
		return catalog.Reading{}, why
	}
}

// measured finds a metric that is not an expression.
func (p *Provider) measured(t *target.Target, name string) (catalog.Reader, bool) {
	if builtin, ok := p.catalog.Lookup(name); ok {
		return func(h *history.History, q catalog.Query) (catalog.Reading, error) { return builtin.Read(h, q) }, true
	}
	declared, ok := t.Lookup(name)
	if !ok || declared.Probe == nil {
		return nil, false
	}
	row := catalog.Declared{Name: name, Probe: declared.Probe, Place: declared.Place, Over: declared.Over}
	return func(h *history.History, q catalog.Query) (catalog.Reading, error) { return row.Read(h, q) }, true
}
