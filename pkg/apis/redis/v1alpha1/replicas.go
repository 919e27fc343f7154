package v1alpha1

// Replicas says what is done about replicas.
//
// +kubebuilder:validation:Enum=Ignore;Sample
type Replicas string

// Values of Replicas.
const (
	ReplicasIgnore Replicas = "Ignore"
	ReplicasSample Replicas = "Sample"
)
