package demo

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/redis-metrics/redis-metrics-adapter/hack/cluster"
)

const (
	namespace       = "default"
	redisName       = "my-redis"
	statefulSetName = "app-statefulset"
	hpaName         = "app-hpa"
)

// stabilization is how long the HPA of the demo waits before it scales in; Kubernetes' default is 5 minutes.
const stabilization = 30 * time.Second

// firstReplicas is how many replicas the demo begins with. The sample names no number, since it is the HPA's.
const firstReplicas = 2

// applySamples applies deploy/samples with three changes: the Redis object names the demo's Redis, the HPA scales in
// sooner, and the workload has replicas from the beginning: the HPA remembers how many it has seen first.
func applySamples(ctx context.Context, c *cluster.Cluster, address string) error {
	objects, err := c.Render(ctx, "deploy/samples")
	if err != nil {
		return err
	}
	objects, err = stage(objects, address)
	if err != nil {
		return fmt.Errorf("samples: %w", err)
	}
	return c.Apply(ctx, objects)
}

// stage makes those changes, and leaves out the sample's own Redis server, whose pods no node here would run.
func stage(objects []*unstructured.Unstructured, address string) ([]*unstructured.Unstructured, error) {
	var kept []*unstructured.Unstructured
	var changed int
	for _, object := range objects {
		var err error
		switch kind := object.GetKind(); {
		case kind == "Redis":
			changed++
			err = unstructured.SetNestedField(object.Object, address, "spec", "address")
		case kind == "StatefulSet" && object.GetName() == statefulSetName:
			changed++
			err = unstructured.SetNestedField(object.Object, int64(firstReplicas), "spec", "replicas")
		case kind == "HorizontalPodAutoscaler":
			changed++
			err = unstructured.SetNestedField(object.Object, int64(stabilization.Seconds()),
				"spec", "behavior", "scaleDown", "stabilizationWindowSeconds")
		case object.GetName() == redisName:
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
		kept = append(kept, object)
	}
	if changed != 3 {
		return nil, fmt.Errorf("%d objects of kind Redis, StatefulSet and HorizontalPodAutoscaler, want one of each", changed)
	}
	return kept, nil
}
