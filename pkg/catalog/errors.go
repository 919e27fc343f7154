package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/probe"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Awaited reports whether an error means that a value of keys is not known yet, but
// will be after further samples: a scan is under way, or a replica may still be
// catching up.
func Awaited(err error) bool {
	return errors.Is(err, probe.ErrNoScan) || errors.Is(err, redisinfo.ErrCatchingUp)
}

// NoSeriesError means that a selector matched no series of a metric.
type NoSeriesError struct {
	Metric string
	// Existing describes the label values that do exist.
	Existing string
}

func (e *NoSeriesError) Error() string {
	return fmt.Sprintf("the metric selector matches no series of %s; %s", e.Metric, e.Existing)
}

// listedValues bounds how many values of a label an error lists.
const listedValues = 20

// noSeries returns the error of a selector that selects a node but none of its series.
func (m *Metric) noSeries(found []Series) *NoSeriesError {
	none := noSeries(m.Name, found)
	for _, label := range m.Labels {
		switch {
		case slices.ContainsFunc(found, func(s Series) bool { return s.Labels[label] != "" }):
		case m.never != nil:
			none.Existing += "; nothing is counted by " + label + " yet, and the metric knows none of that name"
		default:
			none.Existing += "; there is no " + label + " now"
		}
	}
	return none
}

func noSeries(metric string, found []Series) *NoSeriesError {
	values := map[string][]string{}
	for _, s := range found {
		for label, value := range s.Labels {
			values[label] = append(values[label], value)
		}
	}
	var parts []string
	for _, label := range slices.Sorted(maps.Keys(values)) {
		existing := slices.Compact(slices.Sorted(slices.Values(values[label])))
		more := ""
		if len(existing) > listedValues {
			more = fmt.Sprintf(" and %d more", len(existing)-listedValues)
			existing = existing[:listedValues]
		}
		parts = append(parts, fmt.Sprintf("%s is one of %s%s", label, strings.Join(existing, ", "), more))
	}
	if len(parts) == 0 {
		return &NoSeriesError{Metric: metric, Existing: "it has no series now"}
	}
	return &NoSeriesError{Metric: metric, Existing: strings.Join(parts, "; ")}
}
