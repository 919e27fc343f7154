package overview

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/apis/redis/v1alpha1"
)

func newObject(redis *v1alpha1.Redis) Object {
	object := Object{
		Namespace: redis.Namespace, Name: redis.Name, Created: redis.CreationTimestamp.Time,
		Topology: topology(redis.Spec), Endpoint: redis.Status.Endpoint, Ready: string(metav1.ConditionUnknown),
	}
	ready := meta.FindStatusCondition(redis.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || redis.Status.ObservedGeneration < redis.Generation {
		object.Reason = "NotObserved"
		return object
	}
	object.Ready, object.Reason, object.Message = string(ready.Status), ready.Reason, ready.Message
	return object
}

func topology(spec v1alpha1.RedisSpec) string {
	switch {
	case spec.Sentinel != nil:
		return "Sentinel"
	case spec.Cluster != nil:
		return "Cluster"
	}
	return "Standalone"
}
