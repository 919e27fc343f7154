package status

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

// numbers computes what a summary shows.
type numbers struct {
	requests, clients, memory *catalog.Metric
}

func newNumbers(c *catalog.Catalog) (numbers, error) {
	var n numbers
	for name, metric := range map[string]**catalog.Metric{
		catalog.RequestsPerSecond: &n.requests,
		catalog.ConnectedClients:  &n.clients,
		catalog.UsedMemoryBytes:   &n.memory,
	} {
		found, ok := c.Lookup(name)
		if !ok {
			return numbers{}, fmt.Errorf("the catalog has no metric %s", name)
		}
		*metric = found
	}
	return n, nil
}

// summary returns nil while no sample is current.
func (n numbers) summary(h *history.History, database int, now time.Time) *v1alpha1.Summary {
	sample, err := h.Latest(now)
	if err != nil {
		return nil
	}
	query := catalog.Query{Now: now, Database: database}
	s := &v1alpha1.Summary{SampleTime: second(sample.At)}
	if requests, err := n.requests.Read(h, query); err == nil {
		s.RequestsPerSecond = formatRate(requests.Value)
	}
	if clients, err := n.clients.Read(h, query); err == nil && clients.Value <= 1<<53 {
		count := int64(clients.Value)
		s.ConnectedClients = &count
	}
	if memory, err := n.memory.Read(h, query); err == nil {
		s.UsedMemory = formatBytes(memory.Value)
	}
	return s
}

// tiny stands for a rate that is not zero and would be rounded to it.
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
