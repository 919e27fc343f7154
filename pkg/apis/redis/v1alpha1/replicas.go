package v1alpha1

// Replicas says whether replicas are sampled.
//
// +kubebuilder:validation:Enum=Ignore;Sample
type Replicas string

// Values of Replicas.
const (
	ReplicasIgnore Replicas = "Ignore"
	ReplicasSample Replicas = "Sample"
)
