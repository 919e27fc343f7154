package target

import (
	"slices"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

// statusOf is the status of an object. It keeps nothing of the object else, and its words are in memory once: most of
// many objects say the same.
func statusOf(o *v1alpha1.Redis) *v1alpha1.RedisStatus {
	status := o.Status
	status.Endpoint = once(status.Endpoint)
	status.Conditions = slices.Clone(status.Conditions)
	for n := range status.Conditions {
		c := &status.Conditions[n]
		c.Type, c.Reason, c.Message = once(c.Type), once(c.Reason), once(c.Message)
		c.Status = metav1.ConditionStatus(once(string(c.Status)))
	}
	status.Nodes = slices.Clone(status.Nodes)
	for n := range status.Nodes {
		node := &status.Nodes[n]
		node.Address, node.Role, node.Shard, node.Version = once(node.Address), once(node.Role), once(node.Shard), once(node.Version)
		node.Server = once(node.Server)
	}
	return &status
}

// once returns an equal string that may be another one's memory.
func once(s string) string { return unique.Make(s).Value() }
