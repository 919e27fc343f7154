// Package hpa computes what the HorizontalPodAutoscaler controller decides, sync
// by sync, for HPAs of Object metrics.
//
// The spec of an HPA and the settings of the controller make an [Autoscaler]. Each
// call of [Autoscaler.Sync] takes what the controller would observe at that instant
// (replicas, pods, values of the metrics) and returns the replicas and conditions
// that it would write. The package covers autoscaling/v2 in Kubernetes 1.30 to
// 1.37. It does not cover Resource, Pods and External metrics.
//
// The package is pure: it knows no clock, makes no calls, and equal observations
// give equal decisions. An Autoscaler remembers recommendations and scale events as
// the controller does. It is not safe for concurrent use; several Autoscalers are.
//
// [New] fails for a spec that the API server would refuse or that the package does
// not cover. Sync never fails: an unknown value is part of its input.
//
// Tests in hack/hpa compare every decision with the controller of Kubernetes.
package hpa
