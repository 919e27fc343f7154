package status

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
)

// maxErrorLength is how long an error the schema takes.
const maxErrorLength = 256

// maxNodes is how many nodes the schema takes.
const maxNodes = 1000

// nodes describes the servers that the newest attempt asked. What this replica
// has not seen yet stays as the status says.
func nodes(h *history.History, reasonOf func(error) string, before []v1alpha1.NodeStatus) []v1alpha1.NodeStatus {
	newest, _ := h.Newest()
	var described []v1alpha1.NodeStatus
	for place, asked := range bounded(h.Nodes()) {
		n, at := describe(&asked, place, newest.Nodes, before, reasonOf)
		if !at.IsZero() {
			sampled := second(at)
			n.LastSampleTime = &sampled
		}
		described = append(described, n)
	}
	return described
}

// nodesShownBy reports whether nodes would describe the servers as a status does already,
// but for when they were sampled.
func nodesShownBy(shown []v1alpha1.NodeStatus, h *history.History, reasonOf func(error) string) bool {
	newest, _ := h.Newest()
	asked := bounded(h.Nodes())
	if len(shown) != len(asked) {
		return false
	}
	for place := range asked {
		n, _ := describe(&asked[place], place, newest.Nodes, shown, reasonOf)
		n.LastSampleTime = shown[place].LastSampleTime
		if n != shown[place] {
			return false
		}
	}
	return true
}

// sampledAsShown reports whether the newest samples of the servers are the ones that a status shows.
func sampledAsShown(shown []v1alpha1.NodeStatus, h *history.History, reasonOf func(error) string) bool {
	newest, _ := h.Newest()
	for place, asked := range bounded(h.Nodes()) {
		_, at := describe(&asked, place, newest.Nodes, shown, reasonOf)
		if at.IsZero() || place >= len(shown) {
			continue
		}
		if sampled := second(at); !shown[place].LastSampleTime.Equal(&sampled) {
			return false
		}
	}
	return true
}

func bounded(all []history.Node) []history.Node {
	return all[:min(len(all), maxNodes)]
}

// describe describes a server at an endpoint, and when it answered, zero
// if no answer is newer than what the status says.
func describe(asked *history.Node, place int, newest []history.Node, before []v1alpha1.NodeStatus, reasonOf func(error) string) (n v1alpha1.NodeStatus, at time.Time) {
	n.Address = asked.Address
	if old := findPlace(place, len(before), func(i int) bool { return before[i].Address == asked.Address }); old >= 0 {
		n = before[old]
	}
	if i := findPlace(place, len(newest), func(i int) bool { return newest[i].Address == asked.Address && newest[i].Info != nil }); i >= 0 {
		answered := &newest[i]
		at = answered.At
		n.Role, n.Shard = "", answered.Shard
		if role, err := catalog.Role(answered.Info); err == nil {
			n.Role = role
		}
		kind, version := redisinfo.Server(answered.Info)
		n.Server, n.Version = kind, version
	}
	n.LastError = ""
	if f := failureOf(asked.Err, reasonOf); f != nil {
		n.LastError = printable(f.message, maxErrorLength)
	}
	return n, at
}

// findPlace returns the place that matches, -1 if none does. It tries one first: nodes
// keep their places as a rule, and looking through all for each would take the square of them.
func findPlace(first, length int, matches func(place int) bool) int {
	if first < length && matches(first) {
		return first
	}
	for place := range length {
		if matches(place) {
			return place
		}
	}
	return -1
}

// second is an instant as the API server keeps it.
func second(t time.Time) metav1.Time {
	return metav1.Time{Time: t.Round(0).UTC().Truncate(time.Second)}
}
