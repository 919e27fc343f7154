package probe

import (
	"errors"
	"fmt"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// Info reads a field of INFO.
func Info(field string, kind Kind, aggregation Aggregation) *Probe {
	return &Probe{Kind: kind, Aggregation: aggregation, InfoField: field, read: func(a Answer) (Result, error) {
		value, err := a.Info.Float(field)
		switch {
		case errors.Is(err, redisinfo.ErrAbsent):
			return Result{}, fmt.Errorf("INFO has no field %s", field)
		case err != nil:
			return Result{}, fmt.Errorf("INFO field %s is not a number", field)
		}
		return Result{Value: value}, nil
	}}
}
