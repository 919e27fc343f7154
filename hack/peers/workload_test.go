package peers

import (
	"fmt"

	"github.com/redis-metrics/redis-metrics-adapter/hack/verifier"
)

const (
	// list is the key of the list of jobs.
	list = verifier.Backlog
	// masterName is what the sentinels call the primary.
	masterName   = "peers"
	mostReplicas = 1000
)

// source is where the Redis behind a workload is. A Redis that two settings of a peer serve at once is two sources.
type source struct {
	// name names the object that the HPA describes.
	name string
	kind sourceKind
	// addresses are those of the server, of the sentinels, or of the nodes of the cluster.
	addresses []string
	// nodes are the addresses of all servers that hold data, which is what an exporter asks.
	nodes []string
}

type sourceKind int

const (
	standalone sourceKind = iota
	sentinel
	sharded
)

func standaloneAt(name, address string) source {
	return source{name: name, addresses: []string{address}, nodes: []string{address}}
}

// workload is a StatefulSet that is scaled by one metric of a Redis, in one setting of a peer.
type workload struct {
	source
	metric  metric
	setting setting
	// target is how much of the metric one replica is for.
	target int
}

func (s source) workload(m metric, in setting) workload {
	return workload{source: s, metric: m, setting: in}
}

// name names the StatefulSet and the HPA.
func (w workload) name() string { return w.source.name + "-" + string(w.metric) }

// least is minReplicas.
func (w workload) least() int {
	if w.metric == jobs {
		return 0
	}
	return 1
}

// objectHPA is an HPA for a metric of an object.
func (w workload) objectHPA(apiVersion, kind, object, metricName string) string {
	return fmt.Sprintf(`---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: %[1]s}
  minReplicas: %[2]d
  maxReplicas: %[3]d
  metrics:
  - type: Object
    object:
      describedObject: {apiVersion: %[4]s, kind: %[5]s, name: %[6]s}
      metric: {name: %[7]s}
      target: {type: AverageValue, averageValue: "%[8]d"}
`, w.name(), w.least(), mostReplicas, apiVersion, kind, object, metricName, w.target)
}
