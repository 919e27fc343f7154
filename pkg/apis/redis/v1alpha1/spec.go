package v1alpha1

// RedisSpec says where the Redis server is and how it is sampled.
//
// +kubebuilder:validation:XValidation:rule="[has(self.address), has(self.sentinel), has(self.cluster)].filter(given, given).size() == 1",message="spec must have exactly one of address, sentinel and cluster: write for example address: my-redis.default.svc:6379"
// +kubebuilder:validation:XValidation:rule="!has(self.sentinel) || !has(self.auth) || !has(self.tls) || has(self.tls.serverName) || has(self.sentinel.tls)",fieldPath=".tls.serverName",message="spec.tls.serverName is required with spec.auth and a spec.sentinel without tls: sentinels that have shown no certificate would say which name gets the password; write the name in the servers' certificates, or write spec.sentinel.tls"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || !has(self.address) || !self.address.startsWith('unix:/')",fieldPath=".tls",message="spec.tls must be left out with a Unix socket: Redis speaks no TLS there"
type RedisSpec struct {
	// address is the host and port of one Redis server, for example
	// my-redis.default.svc:6379 or [2001:db8::1]:6379. A name is resolved again
	// for each new connection. unix:// and a path is a Unix socket, which has to lie
	// in a directory that the adapter's flag --allow-unix-sockets names.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="self.startsWith('unix:/') || self.matches('^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?[.]?|\\\\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\\\\]):[0-9]+$')",message="spec.address must be host:port, for example my-redis.default.svc:6379 or [2001:db8::1]:6379; or a Unix socket, for example unix:///var/run/redis/redis.sock"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('unix:/') || (self.matches('^unix://(/[A-Za-z0-9._-]+)+$') && !self.matches('/[.]{1,2}(/|$)') && size(self) <= 114)",message="spec.address must be unix:// and a path of at most 107 letters, digits and . _ - / that begins with / and has no . or .. in it, for example unix:///var/run/redis/redis.sock"
	// +kubebuilder:validation:XValidation:rule="!self.matches(':[0-9]+$') || (self.matches(':[0-9]{1,5}$') && int(self.substring(self.lastIndexOf(':') + 1)) >= 1 && int(self.substring(self.lastIndexOf(':') + 1)) <= 65535)",message="spec.address must end in a port from 1 to 65535, for example my-redis.default.svc:6379"
	Address string `json:"address,omitempty"`

	// sentinel finds the server by asking Redis Sentinels, in place of address. A
	// failover is followed: rates are unknown until two samples of the new primary were taken.
	//
	// +optional
	Sentinel *Sentinel `json:"sentinel,omitempty"`

	// cluster is a Redis Cluster, in place of address. Its metrics are those of all
	// primaries together, by the fold of each metric.
	//
	// +optional
	Cluster *Cluster `json:"cluster,omitempty"`

	// replicas is Sample to sample the replicas of each primary as well, as the
	// primary or the cluster tells their addresses. They count only where the metric
	// selector names the label role: replicas would double a sum. The default is Ignore.
	//
	// +optional
	// +default="Ignore"
	Replicas Replicas `json:"replicas,omitempty"`

	// database is the number of the logical database that the metric keys counts, and
	// that spec.metrics read. Metrics of the whole server, such as requests-per-second,
	// do not depend on it. With spec.cluster it must be 0, unless the nodes are Valkey
	// 9.0 or newer and their setting cluster-databases allows the number.
	//
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=0
	Database int32 `json:"database,omitempty"`

	// auth says by which user and password the adapter authenticates. Without it, the
	// server must let the default user in without a password.
	//
	// +optional
	Auth *Auth `json:"auth,omitempty"`

	// tls has the adapter speak TLS, and says whom it trusts; {} trusts the authorities
	// that the adapter's image does. Nothing is sent to a server before it has
	// shown a valid certificate.
	//
	// +optional
	TLS *TLS `json:"tls,omitempty"`

	// sampling says how often Redis is asked, and what its answers are good for.
	//
	// +optional
	// +default={"interval": "5s", "timeout": "1s", "window": "15s", "maxAge": "15s"}
	Sampling Sampling `json:"sampling,omitzero"`

	// metrics are metrics of this object beyond those that every Redis object has.
	// Condition MetricsValid names the invalid ones and those without a value.
	// What is sent to measure them is not a request in requests-per-second of this
	// object, unless a script sends it. It is one in that of another object of the same
	// Redis, and, where several replicas of the adapter run, each counts what the
	// others send: the metric selector command notin (llen) leaves it out.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=50
	Metrics []Metric `json:"metrics,omitempty"`

	// fallback says what is served of a metric while its value is unknown, which
	// is an error unless it says otherwise.
	//
	// +optional
	Fallback *Fallback `json:"fallback,omitempty"`
}
