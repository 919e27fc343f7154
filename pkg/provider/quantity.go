package provider

import (
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/api/resource"
)

// maxValue bounds what is served. The HorizontalPodAutoscaler reads a value by
// Quantity.MilliValue, which overflows silently beyond MaxInt64/1000. This is the
// largest float64 below that.
const maxValue = 9_223_372_036_854_774

// quantityOf writes a value with at most three decimals. A value above 0 never becomes 0.
func quantityOf(value float64) (resource.Quantity, error) {
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0) || value < 0:
		return resource.Quantity{}, fmt.Errorf("%v is not a valid value of a metric", value)
	case value > maxValue:
		return resource.Quantity{}, fmt.Errorf("the value %v is above %d, the largest that can be served", value, int64(maxValue))
	case value == math.Trunc(value):
		return *resource.NewQuantity(int64(value), resource.DecimalSI), nil
	case value > maxValue/1000:
		// A float64 has no three decimals here.
		return *resource.NewQuantity(int64(math.Round(value)), resource.DecimalSI), nil
	}
	milli := max(1, int64(math.Round(value*1000)))
	return *resource.NewMilliQuantity(milli, resource.DecimalSI), nil
}
