package status

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/series"
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
			return numbers{}, fmt.Errorf("the catalogue has no metric %s", name)
		}
		*metric = found
	}
	return n, nil
}

// summary returns nil while no sample is current.
func (n numbers) summary(h *series.Series, database int, now time.Time) *v1alpha1.Summary {
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

// second is an instant as the API server keeps it.
func second(t time.Time) metav1.Time {
	return metav1.Time{Time: t.Round(0).UTC().Truncate(time.Second)}
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

// notable tells whether a summary changed so much that people should see it
// soon. It compares what is shown, so that it needs no memory of what was written.
func notable(before, after *v1alpha1.Summary) bool {
	if before == nil || after == nil {
		return before != after
	}
	if (before.ConnectedClients == nil) != (after.ConnectedClients == nil) {
		return true
	}
	if before.ConnectedClients != nil && differ(float64(*before.ConnectedClients), float64(*after.ConnectedClients), 1) {
		return true
	}
	return shownDiffer(before.RequestsPerSecond, after.RequestsPerSecond, 1) ||
		shownDiffer(before.UsedMemory, after.UsedMemory, 1)
}

func shownDiffer(before, after string, least float64) bool {
	if before == after {
		return false
	}
	a, okA := shown(before)
	b, okB := shown(after)
	return !okA || !okB || differ(a, b, least)
}

func shown(text string) (float64, bool) {
	if text == tiny {
		return 0, true
	}
	if text == "" {
		return 0, false
	}
	q, err := resource.ParseQuantity(text)
	return q.AsApproximateFloat64(), err == nil
}

// differ tells whether two numbers are a tenth of the larger apart, and least.
func differ(a, b, least float64) bool {
	apart := math.Abs(a - b)
	return apart >= least && apart >= max(a, b)/10
}

// longest values that the schema takes.
const maxVersionLength, maxErrorLength = 64, 256

// maxNodes is how many nodes the schema takes.
const maxNodes = 1000

// printable makes text of a server fit for a field of status.
func printable(text string, length int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text)
	if len(text) <= length {
		return text
	}
	return strings.ToValidUTF8(text[:length], "")
}

// nodes describes the servers that the newest attempt asked. What this replica
// has not seen yet stays as the status says.
func nodes(h *series.Series, reasonOf func(error) string, before []v1alpha1.NodeStatus) []v1alpha1.NodeStatus {
	newest, _ := h.Newest()
	var described []v1alpha1.NodeStatus
	for _, asked := range h.Nodes() {
		n := v1alpha1.NodeStatus{Address: asked.Address}
		for _, old := range before {
			if old.Address == asked.Address {
				n = *old.DeepCopy()
			}
		}
		for _, answered := range newest.Nodes {
			if answered.Address == asked.Address && answered.Info != nil {
				describe(&n, answered)
			}
		}
		n.LastError = ""
		if f := failureOf(asked.Err, reasonOf); f != nil {
			n.LastError = printable(f.message, maxErrorLength)
		}
		described = append(described, n)
		if len(described) == maxNodes {
			break
		}
	}
	return described
}

// describe fills in what a node answered.
func describe(n *v1alpha1.NodeStatus, answered series.Node) {
	at := second(answered.At)
	n.LastSampleTime = &at
	n.Role, n.Version, n.Shard = "", "", answered.Shard
	if role, err := catalog.Role(answered.Info); err == nil {
		n.Role = role
	}
	if version, err := answered.Info.Text("redis_version"); err == nil {
		n.Version = printable(version, maxVersionLength)
	}
}
