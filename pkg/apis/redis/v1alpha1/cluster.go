package v1alpha1

// Partial says whether metrics are served while some shards do not answer.
//
// +kubebuilder:validation:Enum=Deny;Allow
type Partial string

// Values of Partial.
const (
	PartialDeny  Partial = "Deny"
	PartialAllow Partial = "Allow"
)

// Cluster is a Redis Cluster.
type Cluster struct {
	// addresses are the hosts and ports of some nodes. The adapter discovers the others.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=300
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?[.]?|\\\\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\\\\]):[0-9]+$')",message="each of spec.cluster.addresses must be host:port, for example redis-0.redis.default.svc:6379 or [2001:db8::1]:6379"
	// +kubebuilder:validation:items:XValidation:rule="!self.matches(':[0-9]+$') || (self.matches(':[0-9]{1,5}$') && int(self.substring(self.lastIndexOf(':') + 1)) >= 1 && int(self.substring(self.lastIndexOf(':') + 1)) <= 65535)",message="each of spec.cluster.addresses must end in a port from 1 to 65535, for example redis-0.redis.default.svc:6379"
	Addresses []string `json:"addresses"`

	// partial is Allow to serve metrics of the remaining shards while others do not
	// answer. Sums are then too low, and a HorizontalPodAutoscaler may scale in. The
	// default is Deny: while a shard does not answer, the metrics are unknown.
	// +optional
	// +default="Deny"
	Partial Partial `json:"partial,omitempty"`
}
