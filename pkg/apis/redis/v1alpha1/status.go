package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Types of conditions in RedisStatus.
const (
	// ConditionReady is True while current metrics of this Redis are served.
	// It is False when no current sample exists, and Unknown until there are two,
	// which a rate needs.
	ConditionReady = "Ready"
	// ConditionReachable is True when the last attempt to sample the server succeeded.
	ConditionReachable = "Reachable"
	// ConditionMetricsValid is True when each declared metric had a value in the
	// newest sample. It is absent if the object declares none.
	ConditionMetricsValid = "MetricsValid"
	// ConditionFallbackInUse is True while spec.fallback supplies the value of an
	// unknown metric. It is absent if no fallback has a type other than Error.
	ConditionFallbackInUse = "FallbackInUse"
	// ConditionCredentialsValid is True while the servers accept the current contents
	// of what auth and tls name. It is absent if spec has neither.
	ConditionCredentialsValid = "CredentialsValid"
)

// RedisStatus is what the adapter has seen of the servers. Conditions are written
// at once. Numbers alone are written at most once a minute: the metrics API
// serves the newest values.
type RedisStatus struct {
	// observedGeneration is the generation of the object that this status describes.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// endpoint is a short form of spec for people, as kubectl get -o wide shows it: the
	// address; masterName and the first sentinel; or the first address of a cluster; and
	// how many more addresses there are.
	// +optional
	// +kubebuilder:validation:MaxLength=600
	Endpoint string `json:"endpoint,omitempty"`

	// conditions are
	// Ready: current metrics are served.
	// Reachable: the last attempt to sample the server succeeded.
	// MetricsValid, with spec.metrics: each of them had a value in the newest sample.
	// FallbackInUse, with a fallback other than Error: it supplies the value of an unknown metric.
	// CredentialsValid, with auth or tls: the servers accept the credentials and certificates.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// nodes are the servers behind the address, and what the adapter last saw of each.
	// +optional
	// +listType=map
	// +listMapKey=address
	// +kubebuilder:validation:MaxItems=1000
	Nodes []NodeStatus `json:"nodes,omitempty"`

	// summary has a few numbers of one sample, for people; kubectl get shows them.
	// It is absent while there is no current sample.
	// +optional
	Summary *Summary `json:"summary,omitempty"`
}

// NodeStatus describes one server.
type NodeStatus struct {
	// address is the host and port at which the node was sampled.
	// +required
	// +kubebuilder:validation:MaxLength=300
	Address string `json:"address"`

	// role is the role that the node reported: primary or replica.
	// +optional
	// +kubebuilder:validation:Enum=primary;replica
	Role string `json:"role,omitempty"`

	// shard is the number of the node's shard in a cluster, from 0, in the order of
	// their lowest slots. It is absent outside a cluster.
	// +optional
	// +kubebuilder:validation:MaxLength=8
	Shard string `json:"shard,omitempty"`

	// server is the kind of server that the node reported: Redis, Valkey, KeyDB or Dragonfly.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Server string `json:"server,omitempty"`

	// version is the server's own version, not the version of Redis with which it is
	// compatible.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Version string `json:"version,omitempty"`

	// lastSampleTime is the time of the newest successful sample when this status was written.
	// +optional
	LastSampleTime *metav1.Time `json:"lastSampleTime,omitempty"`

	// lastError says why the newest attempt failed. It is absent if the attempt succeeded.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	LastError string `json:"lastError,omitempty"`
}

// Summary has a few numbers of one sample, for people.
type Summary struct {
	// sampleTime is the time of the sample.
	// +required
	SampleTime metav1.Time `json:"sampleTime"`

	// requestsPerSecond is the metric requests-per-second. It is absent while it is unknown.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	RequestsPerSecond string `json:"requestsPerSecond,omitempty"`

	// connectedClients is the metric connected-clients. It is absent while it is unknown.
	// +optional
	ConnectedClients *int64 `json:"connectedClients,omitempty"`

	// usedMemory is the metric used-memory-bytes in a readable unit, such as 1.5Mi. It
	// is absent while it is unknown.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	UsedMemory string `json:"usedMemory,omitempty"`
}
