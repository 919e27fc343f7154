// Package v1alpha1 says what a user may declare: the Redis object of group
// redis-metrics.dev, its schema, defaults, validation rules and printer columns.
//
// The markers on the types are the one source of the CustomResourceDefinition
// (make generate writes it to deploy/base/crd) and of what kubectl explain
// prints. What the schema or a CEL rule can refuse is refused at kubectl apply,
// so that code behind the API server meets valid objects only.
//
// The package is plain data: it calls nothing, and its values are as safe for
// concurrent use as any other struct.
//
// +kubebuilder:object:generate=true
// +groupName=redis-metrics.dev
package v1alpha1
