package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	// GroupName is the API group of Redis objects.
	GroupName = "redis-metrics.dev"
	// Version is the API version of this package.
	Version = "v1alpha1"
	// Kind is the kind of a Redis object.
	Kind = "Redis"
	// Resource is the plural under which the API server serves Redis objects.
	Resource = "redises"
)

// GroupVersion returns the API group and version of this package.
func GroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: GroupName, Version: Version}
}

// GroupResource returns the resource that custom metrics of a Redis object name.
func GroupResource() schema.GroupResource {
	return schema.GroupResource{Group: GroupName, Resource: Resource}
}

// AddToScheme registers the types of this package with a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion(), &Redis{}, &RedisList{})
	metav1.AddToGroupVersion(scheme, GroupVersion())
	return nil
}
