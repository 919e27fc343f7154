package provider

import (
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/series"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// reader computes a metric from the history of its object.
type reader func(h *series.Series, q catalog.Query) (catalog.Reading, error)

// metric finds a metric of an object: one that all of them have, or one that it declares.
func (p *Provider) metric(t *target.Target, name string) (reader, bool) {
	if builtin, ok := p.catalog.Lookup(name); ok {
		return func(h *series.Series, q catalog.Query) (catalog.Reading, error) { return builtin.Read(h, q) }, true
	}
	declared, place, ok := t.Lookup(name)
	if !ok {
		return nil, false
	}
	row := catalog.Declared{Name: name, Probe: declared.Probe, Place: place, Over: catalog.Over(declared.Over)}
	return func(h *series.Series, q catalog.Query) (catalog.Reading, error) { return row.Read(h, q) }, true
}
