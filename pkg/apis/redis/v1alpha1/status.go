package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Types of conditions in RedisStatus.
const (
	// ConditionReady is True while current metrics of this Redis are served.
	// It is False when no current sample exists, and Unknown before the first.
	ConditionReady = "Ready"
	// ConditionReachable is True when the last attempt to sample the server succeeded.
	ConditionReachable = "Reachable"
	// ConditionMetricsValid is True when each metric that the object declares had
	// a value in the newest sample. It is absent from an object that declares none.
	ConditionMetricsValid = "MetricsValid"
	// ConditionFallbackInUse is True while a metric that is unknown is served by
	// spec.fallback. It is absent from an object that has none but errors.
	ConditionFallbackInUse = "FallbackInUse"
	// ConditionCredentialsValid is True while what auth and tls name is accepted, as
	// it is now. It is absent from an object that has neither.
	ConditionCredentialsValid = "CredentialsValid"
)

// RedisStatus is what the adapter has seen of the server. Conditions change at
// once; numbers are refreshed when they change notably, and seldom: the metrics
// API, not this status, serves the newest values.
type RedisStatus struct {
	// observedGeneration is the generation of the spec that this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// endpoint is where spec says that Redis is, in short, for people; kubectl get -o wide
	// shows it: the address, masterName and the first sentinel, or the first address of a
	// cluster, and how many more there are.
	// +optional
	// +kubebuilder:validation:MaxLength=600
	Endpoint string `json:"endpoint,omitempty"`

	// conditions are Ready (current metrics are served), Reachable (the last sample succeeded),
	// where spec.metrics declares some, MetricsValid (each of them had a value in the newest sample),
	// where spec.fallback has another type than Error, FallbackInUse (a metric is unknown and served by it),
	// and, where there is auth or tls, CredentialsValid (what they name is accepted, as it is now).
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// nodes are the server processes seen behind the address.
	// +optional
	// +listType=map
	// +listMapKey=address
	// +kubebuilder:validation:MaxItems=1000
	Nodes []NodeStatus `json:"nodes,omitempty"`

	// summary holds a few numbers of one sample, for people; kubectl get shows them.
	// It is absent while no current sample exists.
	// +optional
	Summary *Summary `json:"summary,omitempty"`
}

// NodeStatus is one server process seen behind the address.
type NodeStatus struct {
	// address is the host and port at which the node was sampled.
	// +required
	// +kubebuilder:validation:MaxLength=300
	Address string `json:"address"`

	// role is what the node said of itself: primary or replica.
	// +optional
	// +kubebuilder:validation:Enum=primary;replica
	Role string `json:"role,omitempty"`

	// shard is the place of the node's shard among those of a cluster, from 0, in the
	// order of their lowest slots. It is absent elsewhere.
	// +optional
	// +kubebuilder:validation:MaxLength=8
	Shard string `json:"shard,omitempty"`

	// server is the kind of server, as it said it: Redis, Valkey, KeyDB or Dragonfly.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Server string `json:"server,omitempty"`

	// version is the server's own version, and not the version of Redis that it is
	// compatible with.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Version string `json:"version,omitempty"`

	// lastSampleTime is the instant of the newest successful sample at the time of this write.
	// +optional
	LastSampleTime *metav1.Time `json:"lastSampleTime,omitempty"`

	// lastError says why the newest attempt failed. It is absent when that succeeded.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	LastError string `json:"lastError,omitempty"`
}

// Summary holds a few numbers of one sample, for people to look at.
type Summary struct {
	// sampleTime is the instant at which Redis gave these numbers.
	// +required
	SampleTime metav1.Time `json:"sampleTime"`

	// requestsPerSecond is the metric requests-per-second. It is absent while that is unknown.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	RequestsPerSecond string `json:"requestsPerSecond,omitempty"`

	// connectedClients is the metric connected-clients. It is absent while that is unknown.
	// +optional
	ConnectedClients *int64 `json:"connectedClients,omitempty"`

	// usedMemory is the metric used-memory-bytes in a unit for people, such as 1.5Mi.
	// It is absent while that is unknown.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	UsedMemory string `json:"usedMemory,omitempty"`
}
