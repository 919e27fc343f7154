package catalog

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// level reads an integer field of INFO.
func level(key string) computation[gaugeInput] {
	return computed(func(in gaugeInput) ([]Series, error) {
		n, err := in.info.Int(key)
		return []Series{{Value: float64(n)}}, err
	}, key)
}

// fraction reads a field of INFO with decimals.
func fraction(key string) computation[gaugeInput] {
	return computed(func(in gaugeInput) ([]Series, error) {
		f, err := in.info.Float(key)
		return []Series{{Value: f}}, err
	}, key)
}

// counterRate returns the growth of a counter of INFO per second.
func counterRate(key string) computation[windowInput] {
	return computed(func(in windowInput) ([]Series, error) {
		grown, err := in.growth(key)
		return []Series{{Value: float64(grown) / in.seconds}}, err
	}, key)
}

// growth returns how much a counter grew over the window.
func (in windowInput) growth(key string) (int64, error) {
	return in.growthOf(key, (*redisinfo.Info).Int)
}

func (in windowInput) growthOf(key string, read func(*redisinfo.Info, string) (int64, error)) (int64, error) {
	first, errFirst := read(in.first, key)
	last, errLast := read(in.last, key)
	if err := cmp.Or(errFirst, errLast); err != nil { // which are the same, as a rule
		return 0, err
	}
	return grown(key, first, last)
}

func grown(key string, first, last int64) (int64, error) {
	if fell(first, last) {
		return 0, fmt.Errorf("counter %s went from %d to %d within one process of the server", key, first, last)
	}
	return last - first, nil
}

// fell reports whether a counter that should only grow is less at last than at first,
// or absent at first.
func fell(first, last int64) bool {
	return first < 0 || last < first
}

// share returns a part divided by its whole, or an error with the given reason if the
// whole is 0.
func share(part, whole int64, reason string) ([]Series, error) {
	if whole <= 0 {
		return nil, errors.New(reason)
	}
	return []Series{{Value: float64(part) / float64(whole)}}, nil
}

// weighted returns a part divided by its whole, weighted by the whole.
func weighted(part, whole float64, reason string) ([]Series, error) {
	if whole <= 0 {
		return []Series{{noValueReason: errors.New(reason)}}, nil
	}
	return []Series{{Value: part / whole, weight: whole}}, nil
}
