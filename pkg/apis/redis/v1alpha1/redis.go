package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Redis names a Redis to sample: one server, the primary that sentinels name, or a
// cluster. The custom metrics API serves its metrics under the name of the object.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=redises,singular=redis,scope=Namespaced,categories=redis-metrics
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="True while current metrics of this Redis are served"
// +kubebuilder:printcolumn:name="Requests/s",type=string,JSONPath=`.status.summary.requestsPerSecond`,description="Requests that clients sent per second, at the instant of Sampled"
// +kubebuilder:printcolumn:name="Clients",type=integer,JSONPath=`.status.summary.connectedClients`,description="Client connections, at the instant of Sampled"
// +kubebuilder:printcolumn:name="Memory",type=string,JSONPath=`.status.summary.usedMemory`,description="Memory in use by Redis, at the instant of Sampled"
// +kubebuilder:printcolumn:name="Sampled",type=date,JSONPath=`.status.summary.sampleTime`,description="Age of the sample that these columns show; the metrics API serves newer ones"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why the object is, or is not, ready"
// +kubebuilder:printcolumn:name="Server",type=string,priority=1,JSONPath=`.status.nodes[0].server`,description="Kind of server, of the first node"
// +kubebuilder:printcolumn:name="Version",type=string,priority=1,JSONPath=`.status.nodes[0].version`,description="Version of the server, of the first node; status.nodes has all"
// +kubebuilder:printcolumn:name="Address",type=string,priority=1,JSONPath=`.status.endpoint`,description="Where spec says that Redis is"
type Redis struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says where Redis is and how it is sampled.
	// +required
	Spec RedisSpec `json:"spec"`

	// status is what the adapter has seen of the servers. Only the adapter writes it.
	// +optional
	Status RedisStatus `json:"status,omitzero"`
}

// RedisList is a list of Redis objects.
//
// +kubebuilder:object:root=true
type RedisList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Redis `json:"items"`
}
