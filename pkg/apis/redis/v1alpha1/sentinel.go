package v1alpha1

// Sentinel names a primary and the sentinels that know its address.
type Sentinel struct {
	// masterName is the name of the primary in the configuration of the sentinels.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9._-]+$')",message="spec.sentinel.masterName must be letters, digits and . _ -, as in sentinel monitor <name>, for example mymaster"
	MasterName string `json:"masterName"`

	// addresses are the hosts and ports of the sentinels. The adapter asks them at
	// each sample, and at least half of them must answer.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=300
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?[.]?|\\\\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\\\\]):[0-9]+$')",message="each of spec.sentinel.addresses must be host:port, for example redis-0.redis.default.svc:26379 or [2001:db8::1]:6379"
	// +kubebuilder:validation:items:XValidation:rule="!self.matches(':[0-9]+$') || (self.matches(':[0-9]{1,5}$') && int(self.substring(self.lastIndexOf(':') + 1)) >= 1 && int(self.substring(self.lastIndexOf(':') + 1)) <= 65535)",message="each of spec.sentinel.addresses must end in a port from 1 to 65535, for example redis-0.redis.default.svc:26379"
	Addresses []string `json:"addresses"`

	// auth is the user and password with which the adapter authenticates to the
	// sentinels. spec.auth is for the servers.
	// +optional
	Auth *Auth `json:"auth,omitempty"`

	// tls makes the adapter use TLS with the sentinels. spec.tls is for the servers.
	// +optional
	TLS *TLS `json:"tls,omitempty"`
}
