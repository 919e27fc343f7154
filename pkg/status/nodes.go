package status

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/catalog"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/redisinfo"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/target"
)

// Bounds of the schema.
const (
	maxEndpointLength = 600
	maxErrorLength    = 256
	maxNodes          = 1000
)

// endpoint describes where an object's servers are, in one line for people. It shortens
// a list like kubectl.
func endpoint(t *target.Target) string {
	switch {
	case t.Sentinel != nil:
		return printable(t.Sentinel.MasterName+"@"+first(t.Sentinel.Addresses), maxEndpointLength)
	case t.Cluster != nil:
		return printable(first(t.Cluster.Addresses), maxEndpointLength)
	}
	return t.Address
}

func first(addresses []string) string {
	if more := len(addresses) - 1; more > 0 {
		return fmt.Sprintf("%s + %d more...", addresses[0], more)
	}
	return addresses[0]
}

// nodes describes the servers that the newest attempt asked. What this replica has not
// seen yet stays as in the status.
func nodes(h *history.History, shown []v1alpha1.NodeStatus) []v1alpha1.NodeStatus {
	newest, _ := h.Newest()
	asked := h.Nodes()
	asked = asked[:min(len(asked), maxNodes)]
	described := make([]v1alpha1.NodeStatus, len(asked))
	for i := range asked {
		n, address := &described[i], asked[i].Address
		if old := slices.IndexFunc(shown, func(s v1alpha1.NodeStatus) bool { return s.Address == address }); old >= 0 {
			*n = shown[old]
		}
		n.Address, n.LastError = address, ""
		if at := slices.IndexFunc(newest.Nodes, func(s history.Node) bool { return s.Address == address && s.Info != nil }); at >= 0 {
			answered := &newest.Nodes[at]
			n.Shard, n.LastSampleTime = answered.Shard, new(second(answered.At))
			n.Role, _ = catalog.Role(answered.Info)
			n.Server, n.Version = redisinfo.Server(answered.Info)
		}
		if failed := failureOf(asked[i].Err); failed != nil {
			n.LastError = printable(failed.Error(), maxErrorLength)
		}
	}
	return described
}

// second truncates an instant to what the API server keeps.
func second(t time.Time) metav1.Time {
	return metav1.Time{Time: t.Round(0).UTC().Truncate(time.Second)}
}
