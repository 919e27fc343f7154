package status

import (
	"strconv"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

// summary returns the summary of the newest sample, nil while no sample is current.
func (c *Controller) summary(h *history.History, database int, now time.Time) *v1alpha1.Summary {
	sample, err := h.Latest(now)
	if err != nil {
		return nil
	}
	query := catalog.Query{Now: now, Database: database}
	read := func(name string) (float64, bool) {
		metric, _ := c.cfg.Catalog.Lookup(name) // a test holds that it is there
		reading, err := metric.Read(h, query)
		return reading.Value, err == nil
	}
	s := &v1alpha1.Summary{SampleTime: second(sample.At)}
	if requests, ok := read(catalog.RequestsPerSecond); ok {
		s.RequestsPerSecond = formatRate(requests)
	}
	if clients, ok := read(catalog.ConnectedClients); ok && clients <= 1<<53 {
		s.ConnectedClients = new(int64(clients))
	}
	if memory, ok := read(catalog.UsedMemoryBytes); ok {
		s.UsedMemory = formatBytes(memory)
	}
	return s
}

// tiny represents a rate that is not zero but would be rounded to zero.
const tiny = "<0.1"

func formatRate(perSecond float64) string {
	switch {
	case perSecond > 0 && perSecond < 0.05:
		return tiny
	case perSecond >= 1e15:
		return strconv.FormatFloat(perSecond, 'g', 4, 64)
	}
	return oneDecimal(perSecond)
}

func formatBytes(n float64) string {
	units := []string{"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"}
	unit := 0
	// 1023.95 would be printed as 1024.
	for n >= 1023.95 && unit < len(units)-1 {
		n /= 1024
		unit++
	}
	return oneDecimal(n) + units[unit]
}

func oneDecimal(n float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(n, 'f', 1, 64), ".0")
}
