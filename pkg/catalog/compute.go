package catalog

import (
	"errors"
	"fmt"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// level reads an integer field of INFO.
func level(key string) func(gaugeInput) ([]Series, error) {
	return func(in gaugeInput) ([]Series, error) {
		n, err := in.info.Int(key)
		return []Series{{Value: float64(n)}}, err
	}
}

// counterRate takes the growth of a counter of INFO in one second.
func counterRate(key string) func(windowInput) ([]Series, error) {
	return func(in windowInput) ([]Series, error) {
		grown, err := in.growth(key)
		return []Series{{Value: float64(grown) / in.seconds}}, err
	}
}

// growth is how much a counter grew over the window.
func (in windowInput) growth(key string) (int64, error) {
	first, errFirst := in.first.Int(key)
	last, errLast := in.last.Int(key)
	if err := errors.Join(errFirst, errLast); err != nil {
		return 0, err
	}
	return grown(key, first, last)
}

func grown(key string, first, last int64) (int64, error) {
	if first < 0 || last < first {
		return 0, fmt.Errorf("counter %s went from %d to %d within one process of the server", key, first, last)
	}
	return last - first, nil
}

// hitRatio is hits to look-ups over the window.
func hitRatio(in windowInput) ([]Series, error) {
	hits, errHits := in.growth("keyspace_hits")
	misses, errMisses := in.growth("keyspace_misses")
	if err := errors.Join(errHits, errMisses); err != nil {
		return nil, err
	}
	if hits+misses == 0 {
		return nil, errors.New("no key was looked up within the window, so that there is no ratio")
	}
	return []Series{{Value: float64(hits) / (float64(hits) + float64(misses))}}, nil
}

func memoryUtilization(in gaugeInput) ([]Series, error) {
	used, errUsed := in.info.Int("used_memory")
	limit, errLimit := in.info.Int("maxmemory")
	if err := errors.Join(errUsed, errLimit); err != nil {
		return nil, err
	}
	if limit <= 0 {
		return nil, errors.New("maxmemory is 0, which means no limit, so that there is no ratio: set maxmemory in Redis, or use used-memory-bytes")
	}
	return []Series{{Value: float64(used) / float64(limit)}}, nil
}

func keys(in gaugeInput) ([]Series, error) {
	space, err := in.info.Keyspace(in.database)
	return []Series{{Value: float64(space.Keys)}}, err
}

// requests is the growth of each counted command's calls in one second.
func requests(in windowInput) ([]Series, error) {
	// A command that was not called is left out of commandstats: where the
	// section itself is missing, that says nothing.
	for _, info := range []*redisinfo.Info{in.first, in.last} {
		if err := info.Section("Commandstats"); err != nil {
			return nil, err
		}
	}
	before := map[string]int64{}
	for stats, err := range in.first.Commands() {
		if err != nil {
			return nil, err
		}
		before[stats.Command] = stats.Calls
	}
	var found []Series
	for stats, err := range in.last.Commands() {
		if err != nil {
			return nil, err
		}
		if !isRequest(stats.Command) {
			continue
		}
		// A command that was absent before had not been called since the counters began.
		calls, err := grown("calls of "+stats.Command, before[stats.Command], stats.Calls)
		if err != nil {
			return nil, err
		}
		delete(before, stats.Command)
		found = append(found, Series{
			Labels: map[string]string{LabelCommand: stats.Command},
			Value:  float64(max(0, calls-in.own(stats.Command))) / in.seconds,
		})
	}
	for command := range before {
		if isRequest(command) {
			return nil, fmt.Errorf("command %s is not counted any more: %w", command, redisinfo.ErrAbsent)
		}
	}
	return found, nil
}
