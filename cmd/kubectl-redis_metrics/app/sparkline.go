package app

import (
	"slices"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/overview"
)

// sparklineWidth is how many values a sparkline shows.
const sparklineWidth = 30

// seenValue is a value that was seen. Without a time, it is unknown.
type seenValue struct {
	at    time.Time
	value float64
}

// seenValues are the newest values of each metric of the watched object.
type seenValues map[string][]seenValue

// add adds the values of an overview. A value of the same sample counts once.
func (s seenValues) add(o overview.Overview) {
	for _, object := range o.Objects {
		for _, metric := range object.Metrics {
			key := seenKey(object, metric.Name)
			var seen seenValue
			if metric.Quantity != nil {
				seen = seenValue{metric.Timestamp, metric.Quantity.AsApproximateFloat64()}
			}
			if i := slices.IndexFunc(s[key], func(before seenValue) bool { return before.at.Equal(seen.at) }); i < 0 || seen.at.IsZero() {
				s[key] = append(s[key], seen)
			}
			s[key] = s[key][max(0, len(s[key])-sparklineWidth):]
		}
	}
}

func seenKey(object overview.Object, metric string) string {
	return object.Namespace + "/" + object.Name + "/" + metric
}

// sparkline draws values between 0 and the largest. An unknown value is a gap.
func sparkline(seen []seenValue) string {
	blocks := []rune("▁▂▃▄▅▆▇█")
	var largest float64
	for _, each := range seen {
		largest = max(largest, each.value)
	}
	var text strings.Builder
	for _, each := range seen {
		switch {
		case each.at.IsZero():
			text.WriteRune('·')
		case largest == 0:
			text.WriteRune(blocks[0])
		default:
			text.WriteRune(blocks[int(each.value/largest*float64(len(blocks)-1)+0.5)])
		}
	}
	return text.String()
}
