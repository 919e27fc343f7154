package reason

import (
	"slices"
	"strings"
	"sync"
)

// row is all that the adapter says about one reason.
type row struct {
	reason Reason
	// message is a clause. It holds no address, no secret, and nothing that a server sent.
	message string
	// advice is what to do, in sentences. It is empty if the failure ends by itself.
	advice string
	// credentials means that other credentials or certificates may succeed.
	credentials bool
	// codes are the first words of error replies with this reason. phrases are parts of other such replies.
	// Source: https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors and Redis' server.c.
	codes, phrases []string
}

const (
	checkTLS      = "check that the port in spec is the port of Redis, and write spec.tls if that port uses TLS."
	allowPartial  = "Where the remaining shards are enough, set spec.cluster.partial to Allow."
	sampleFewer   = "Sample fewer nodes, leave out replicas, or raise spec.sampling.interval."
	nameAuthority = "spec.tls.caSecretRef or spec.tls.caConfigMapRef"
	describe      = "Condition CredentialsValid names the field and says what to write."
)

// table returns a row for each reason. It is built once, because each request for an
// unknown metric reads it.
var table = sync.OnceValue(func() []row {
	return slices.Concat([]row{
		// Connections.
		{reason: NameNotResolved, message: "the host name cannot be resolved",
			advice: "Check the host name in spec, and that its Service exists."},
		{reason: AddressRefused, message: "this adapter's address policy refuses the address",
			advice: "Write the address of a Redis. Loopback, link-local and multicast addresses and the API server are refused, " +
				"and so is every address that the flags --allow-addresses and --allow-unix-sockets do not allow."},
		{reason: ConnectionRefused, message: "the connection was refused: nothing listens at the address",
			advice: "Check the port in spec, that Redis runs, and that no NetworkPolicy stands in the way."},
		{reason: ConnectionFailed, message: "no connection could be made",
			advice: "Check the port in spec, that Redis runs, and that no NetworkPolicy stands in the way."},
		{reason: ConnectionLost, message: "the server closed the connection",
			advice: "If this persists, " + checkTLS},
		{reason: Timeout, message: "the server did not answer within spec.sampling.timeout",
			advice: "Check that no NetworkPolicy stands in the way and that no slow command blocks Redis, or raise spec.sampling.timeout."},
		{reason: Protocol, message: "the endpoint does not speak the Redis protocol",
			advice: "C" + checkTLS[1:]},

		// TLS and authentication.
		{reason: AuthenticationFailed, message: "the server refused the credentials, or requires authentication", credentials: true,
			advice: "Write spec.auth with the user name, and with a Secret that holds the password that the server expects.",
			codes:  []string{"NOAUTH", "WRONGPASS"}, phrases: []string{"ERR AUTH", "ERR invalid password"}},
		{reason: TLSHandshakeFailed, message: "the TLS handshake failed", credentials: true,
			advice: "Check that the port in spec uses TLS 1.2 or newer, or remove spec.tls. If the server requires a client certificate, name one in spec.tls.certificateSecretRef."},
		{reason: ServerCertificateUntrusted, message: "the server's certificate is not signed by an authority that spec.tls trusts", credentials: true,
			advice: "Name the certificate of the authority that signed it in " + nameAuthority + "."},
		{reason: ServerCertificateExpired, message: "the certificate of the server, or of its authority, has expired or is not valid yet", credentials: true,
			advice: "Renew the server's certificate, or the one in " + nameAuthority + "."},
		{reason: ServerNameMismatch, message: "the server's certificate is for another name", credentials: true,
			advice: "Write a name of the certificate as spec.tls.serverName, or issue a certificate for the host of the address."},
		{reason: ClientCertificateRefused, message: "the server requires a client certificate, or refused the one in spec.tls.certificateSecretRef", credentials: true,
			advice: "Name a certificate in spec.tls.certificateSecretRef that an authority in tls-ca-cert-file of Redis has signed."},
		{reason: PermissionDenied, message: "the server's ACL does not let this adapter call INFO, ECHO, SELECT and CLIENT SETNAME",
			advice: "Allow the user +info, +echo, +select and +client|setname.", codes: []string{"NOPERM"}},
		{reason: InfoRefused, message: "the server does not let this adapter call INFO",
			advice: "Allow the user +info."},
		{reason: MigrationsRefused,
			message: "the server does not let this adapter call CLUSTER GETSLOTMIGRATIONS, and slot migrations cannot be detected without it",
			advice:  "Allow the user +cluster|getslotmigrations."},

		// Servers.
		{reason: Loading, message: "the server is loading its data set", codes: []string{"LOADING"}},
		{reason: Busy, message: "a script blocks the server", codes: []string{"BUSY"},
			advice: "Wait: this adapter ends the scripts of its own objects if the ACL allows +script|kill and +function|kill. If a script of another client does not end, call SCRIPT KILL."},
		{reason: TooManyClients, message: "the server has reached maxclients", phrases: []string{"max number of clients"},
			advice: "Raise maxclients in Redis, or close connections."},
		{reason: DatabaseOutOfRange, message: "the server has no database with the number in spec.database",
			advice:  "Write a smaller spec.database. With spec.cluster write 0, unless the nodes are Valkey 9.0 or newer and set cluster-databases.",
			phrases: []string{"DB index is out of range", "SELECT is not allowed in cluster mode"}},
		{reason: Refused, message: "the server refused to answer INFO", codes: []string{"MASTERDOWN"},
			advice: "Run INFO as the user in spec.auth: the error says why. A replica with replica-serve-stale-data no answers again once it is connected to its primary."},

		// Topologies.
		{reason: NotCluster, message: "the server is not a node of a Redis Cluster", phrases: []string{"cluster support disabled"},
			advice: "Write spec.address instead of spec.cluster."},
		{reason: ClusterDown, message: "the cluster is down: its cluster_state is not ok",
			advice: "Run CLUSTER INFO on its nodes. " + allowPartial},
		{reason: SlotsUncovered, message: "some hash slots of the cluster are not served by any shard",
			advice: "Run CLUSTER INFO on its nodes. " + allowPartial},
		{reason: ShardUnavailable, message: "the primary of a shard did not answer: status.nodes says which, and why",
			advice: allowPartial},
		{reason: TopologyUnsettled,
			message: "the nodes disagree on which of them are primaries: a failover or a change of the cluster is under way"},
		{reason: SentinelUnavailable, message: "fewer than half of the sentinels in spec.sentinel.addresses answered",
			advice: "Check spec.sentinel.addresses: the port of a sentinel is usually 26379."},
		{reason: UnknownPrimary, message: "the sentinels know no primary with the name in spec.sentinel.masterName",
			advice:  "Write the name that follows \"sentinel monitor\" in the configuration of the sentinels.",
			phrases: []string{"No such master with that name"}},
		{reason: SharedServer, message: "the addresses of two nodes lead to the same server",
			advice: "Give each node an address of its own: cluster-announce-ip, cluster-announce-port and cluster-announce-hostname."},
		{reason: NotReplica,
			message: "the server listed as a replica does not replicate this primary: it was promoted or follows another one, or its announced address leads to another server",
			advice:  "If this persists, check the address that the replica announces."},

		// Bounds.
		{reason: TooManyDials, message: "the objects of this namespace open connections faster than this adapter allows for one namespace",
			advice: "Look for objects of this namespace whose servers close every connection."},
		{reason: TooManyConnections, message: "too many objects name this server: the adapter makes at most 256 connections to one server, and half of that for one namespace",
			advice: "Sample the server with fewer objects, in the namespace of its Service, and name it by that Service."},
		{reason: TooManyReplicas, message: "the primary has more than 64 replicas, and the adapter samples no more",
			advice: "Reduce the number of replicas, or read no metrics of replicas."},
		{reason: TooManyNodes, message: "the cluster has more than 128 nodes, and the adapter samples no more for one object",
			advice: sampleFewer},
		{reason: TooMuchData, message: "the samples of the object would take more than 16 MiB of this adapter's memory",
			advice: sampleFewer},
		{reason: MemoryFull, message: "the samples of large objects fill the 64 MiB that they share beyond 256 KiB each",
			advice: sampleFewer},

		// Credentials. objectReasons adds more.
		{reason: SecretsPolicyMissing, message: "the adapter reads no Secret while the API server does not check who names it", credentials: true,
			advice: "Apply the adapter's manifests again. The adapter's log says what is wrong with the policy."},
		{reason: PasswordInvalid, message: "a password cannot be sent to Redis as it is written", credentials: true, advice: describe},
		{reason: CAInvalid, message: "a CA certificate is not in PEM", credentials: true, advice: describe},
		{reason: ClientCertificateInvalid, message: "the client certificate or its key is not in PEM", credentials: true, advice: describe},
		{reason: ClientKeyMismatch, message: "the client key is not the key of the client certificate", credentials: true, advice: describe},
		{reason: ClientCertificateExpired, message: "the client certificate has expired", credentials: true, advice: describe},
	}, objectReasons("Secret"), objectReasons("ConfigMap"))
})

// objectReasons returns the rows about the Secrets or ConfigMaps that spec names.
func objectReasons(kind string) []row {
	return []row{
		{reason: Reason(kind + "NotFound"), message: "a " + kind + " that spec names does not exist", credentials: true,
			advice: describe},
		{reason: Reason(kind + "Forbidden"), message: "the adapter may not read a " + kind + " that spec names", credentials: true,
			advice: "Run the commands that condition CredentialsValid prints; the adapter notices within 36 s."},
		{reason: Reason(kind + "KeyNotFound"), message: "a " + kind + " that spec names lacks a key", credentials: true,
			advice: describe},
		{reason: Reason(kind + "Unavailable"), message: "a " + kind + " that spec names could not be read yet", credentials: true,
			advice: "Wait until the Kubernetes API server answers the adapter. If this persists, the adapter's log says why."},
	}
}

// find returns the row of a reason, or that of Refused if the reason has none.
func find(reason Reason) *row {
	rows := table()
	if i := slices.IndexFunc(rows, func(r row) bool { return r.reason == reason }); i >= 0 {
		return &rows[i]
	}
	return find(Refused)
}

// OfReply returns what an error reply of a server means.
func OfReply(text string) Reason {
	code, _, _ := strings.Cut(text, " ")
	for _, row := range table() {
		if slices.Contains(row.codes, code) {
			return row.reason
		}
	}
	for _, row := range table() {
		if slices.ContainsFunc(row.phrases, func(phrase string) bool { return strings.Contains(text, phrase) }) {
			return row.reason
		}
	}
	return Refused
}
