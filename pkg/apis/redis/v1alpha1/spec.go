package v1alpha1

// RedisSpec says where Redis is and how it is sampled.
//
// +kubebuilder:validation:XValidation:rule="[has(self.address), has(self.sentinel), has(self.cluster)].filter(given, given).size() == 1",message="spec must have exactly one of address, sentinel and cluster: write for example address: my-redis.default.svc:6379"
// +kubebuilder:validation:XValidation:rule="!has(self.sentinel) || !has(self.auth) || !has(self.tls) || has(self.tls.serverName) || has(self.sentinel.tls)",fieldPath=".tls.serverName",message="spec.tls.serverName is required with spec.auth and a spec.sentinel without tls: sentinels that have shown no certificate would say which name gets the password; write the name in the servers' certificates, or write spec.sentinel.tls"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || !has(self.address) || !self.address.startsWith('unix:/')",fieldPath=".tls",message="spec.tls must be left out with a Unix socket: Redis speaks no TLS there"
type RedisSpec struct {
	// address is the host and port of one Redis server, for example
	// my-redis.default.svc:6379 or [2001:db8::1]:6379. Each new connection
	// resolves a host name again. A Unix socket is unix:// and its path, in a
	// directory that the adapter's flag --allow-unix-sockets lists.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="self.startsWith('unix:/') || self.matches('^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?[.]?|\\\\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\\\\]):[0-9]+$')",message="spec.address must be host:port, for example my-redis.default.svc:6379 or [2001:db8::1]:6379; or a Unix socket, for example unix:///var/run/redis/redis.sock"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('unix:/') || (self.matches('^unix://(/[A-Za-z0-9._-]+)+$') && !self.matches('/[.]{1,2}(/|$)') && size(self) <= 114)",message="spec.address must be unix:// and a path of at most 107 letters, digits and . _ - / that begins with / and has no . or .. in it, for example unix:///var/run/redis/redis.sock"
	// +kubebuilder:validation:XValidation:rule="!self.matches(':[0-9]+$') || (self.matches(':[0-9]{1,5}$') && int(self.substring(self.lastIndexOf(':') + 1)) >= 1 && int(self.substring(self.lastIndexOf(':') + 1)) <= 65535)",message="spec.address must end in a port from 1 to 65535, for example my-redis.default.svc:6379"
	Address string `json:"address,omitempty"`

	// sentinel finds the primary through Redis Sentinels, instead of address. After
	// a failover, rates are unknown until the new primary has been sampled twice.
	//
	// +optional
	Sentinel *Sentinel `json:"sentinel,omitempty"`

	// cluster is a Redis Cluster, instead of address. Each metric is aggregated over
	// all primaries.
	//
	// +optional
	Cluster *Cluster `json:"cluster,omitempty"`

	// replicas is Sample to sample the replicas of each primary as well, at the
	// addresses that the primary or the cluster reports. Replicas count only if the
	// metric selector names the label role, because they would double a sum. The
	// default is Ignore.
	//
	// +optional
	// +default="Ignore"
	Replicas Replicas `json:"replicas,omitempty"`

	// database is the number of the logical database that spec.metrics and the metrics
	// keys and expiring-keys-ratio read. Metrics of the whole server, such as
	// requests-per-second, do not depend on it. With spec.cluster it must be 0, unless
	// the nodes are Valkey 9.0 or newer and their cluster-databases allows the number.
	//
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=0
	Database int32 `json:"database,omitempty"`

	// auth is the user and password with which the adapter authenticates. Without it,
	// the server must accept the default user without a password.
	//
	// +optional
	Auth *Auth `json:"auth,omitempty"`

	// tls makes the adapter use TLS, and says which authorities it trusts; {} trusts
	// the public authorities in the adapter's image. The adapter sends nothing to a
	// server that has not shown a valid certificate.
	//
	// +optional
	TLS *TLS `json:"tls,omitempty"`

	// sampling says how often Redis is sampled, and how long samples are used.
	//
	// +optional
	// +default={"interval": "5s", "timeout": "1s", "window": "15s", "maxAge": "15s"}
	Sampling Sampling `json:"sampling,omitzero"`

	// metrics are declared metrics of this object, in addition to the built-in ones.
	// Condition MetricsValid names the metrics that are invalid or have no value.
	// The commands that read them do not count in requests-per-second of this object,
	// except the commands that a script calls. They do count for other objects of the
	// same Redis, and for other replicas of the adapter. The metric selector command
	// notin (llen) leaves a command out.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=50
	Metrics []Metric `json:"metrics,omitempty"`

	// fallback says what is served instead of an error while the value of a metric is
	// unknown.
	//
	// +optional
	Fallback *Fallback `json:"fallback,omitempty"`
}
