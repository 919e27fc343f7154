package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"math"
)

// Aggregation says how several series become one value.
type Aggregation string

const (
	// Sum adds the series. The sum of no series is 0.
	Sum Aggregation = "sum"
	// Max is the largest series. It fails without series.
	Max Aggregation = "max"
	// Weighted is the weighted mean of the series. Latencies are weighted by calls, so
	// it is the mean of all calls.
	Weighted Aggregation = "weighted mean"
	// Min is the smallest series. It fails without series.
	Min Aggregation = "min"
)

// of aggregates series. It fails if one of them has no value, because a sum or a
// maximum without it is wrong.
func (a Aggregation) of(found []Series) (float64, error) {
	var value, weight float64
	var none error
	for n, s := range found {
		if s.err != nil {
			return 0, s.err
		}
		if err := servable(s.Value); err != nil {
			return 0, err
		}
		switch a {
		case Max:
			value = max(value, s.Value)
		case Min:
			if n == 0 || s.Value < value {
				value = s.Value
			}
		case Weighted:
			value += s.Value * s.weight
			weight += s.weight
			none = cmp.Or(none, s.noValueReason)
		default:
			value += s.Value
		}
	}
	switch {
	case a == Weighted && weight <= 0 && none != nil:
		return 0, none
	case a == Weighted && weight <= 0:
		return 0, errors.New("nothing was counted within the window, so there is no mean")
	case a == Weighted:
		value /= weight
	case a != Sum && len(found) == 0:
		return 0, errors.New("it has no series now")
	}
	return value, servable(value)
}

func servable(value float64) error {
	if math.IsNaN(value) || math.IsInf(value, 0) || value < 0 {
		return fmt.Errorf("the server's counters give %v", value)
	}
	return nil
}
