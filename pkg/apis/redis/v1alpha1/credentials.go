package v1alpha1

// Auth is a user and password with which the adapter authenticates.
type Auth struct {
	// username is the ACL user. If omitted, it is the default user, whose password
	// requirepass sets.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="!self.matches('[[:space:][:cntrl:]]')",message="username must hold no space and no control character, because Redis allows neither: write it as in ACL SETUSER"
	Username string `json:"username,omitempty"`

	// passwordSecretRef names the key of a Secret that holds the password and nothing
	// else: a password that ends in a newline is refused.
	//
	// +required
	PasswordSecretRef PasswordReference `json:"passwordSecretRef"`
}

// TLS says how the adapter verifies the server, and which certificate it presents. It needs TLS 1.2 or newer.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.caSecretRef) && has(self.caConfigMapRef))",message="tls must have at most one of caSecretRef and caConfigMapRef: write the one that holds the CA"
type TLS struct {
	// caSecretRef names the key of a Secret that holds the CA certificates, in PEM,
	// that verify the server's certificate. Without it and caConfigMapRef, the adapter
	// trusts the public authorities in its image.
	//
	// +optional
	CASecretRef *CAReference `json:"caSecretRef,omitempty"`

	// caConfigMapRef names the key of a ConfigMap that holds the CA certificates, in
	// PEM, that verify the server's certificate.
	//
	// +optional
	CAConfigMapRef *CAReference `json:"caConfigMapRef,omitempty"`

	// certificateSecretRef names a Secret of type kubernetes.io/tls that holds the
	// client certificate of the adapter in tls.crt and tls.key, for mutual TLS.
	//
	// +optional
	CertificateSecretRef *CertificateReference `json:"certificateSecretRef,omitempty"`

	// serverName is the host name or IP address for which the server's certificate
	// must be valid. It defaults to the host of the address.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$')",message="serverName must be a host name or an IP address without a port, for example redis.example.com"
	ServerName string `json:"serverName,omitempty"`
}

// PasswordReference names a key of a Secret in the namespace of the object.
type PasswordReference struct {
	// name is the name of the Secret, in the namespace of the object.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of a Secret must be lower-case letters, digits, dashes and dots, for example my-redis-auth"
	Name string `json:"name"`

	// key is the key of the Secret that holds the password.
	//
	// +optional
	// +default="password"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="a key must be letters, digits, dashes, underscores and dots, for example password"
	Key string `json:"key,omitempty"`
}

// CAReference names a key of a Secret or ConfigMap in the namespace of the object.
type CAReference struct {
	// name is the name of the Secret or ConfigMap, in the namespace of the object.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of a Secret or ConfigMap must be lower-case letters, digits, dashes and dots, for example my-redis-ca"
	Name string `json:"name"`

	// key is the key that holds the certificates.
	//
	// +optional
	// +default="ca.crt"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="a key must be letters, digits, dashes, underscores and dots, for example ca.crt"
	Key string `json:"key,omitempty"`
}

// CertificateReference names a Secret in the namespace of the object.
type CertificateReference struct {
	// name is the name of a Secret of type kubernetes.io/tls, in the namespace of the object.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of a Secret must be lower-case letters, digits, dashes and dots, for example my-redis-client"
	Name string `json:"name"`
}
