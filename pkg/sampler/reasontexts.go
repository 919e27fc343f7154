package sampler

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

// explanation is all that this adapter says of one Reason: errors of the metrics API, conditions, Events and
// deploy/docs/troubleshooting.md take their texts from it.
type explanation struct {
	reason Reason
	// message is a clause. It names no address, no secret, and nothing that a server said.
	message string
	// advice is what to do, in sentences. It is empty where the trouble ends by itself.
	advice string
	// credentials means that other credentials or certificates may succeed.
	credentials bool
	// codes are the first words of the error replies that mean this, and phrases what other ones contain.
	// Source: https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors and Redis' server.c.
	codes, phrases []string
}

const (
	checkTLS      = "check that the port in spec is the port of Redis, and write spec.tls if that port uses TLS."
	allowPartial  = "Where the remaining shards are enough, set spec.cluster.partial to Allow."
	sampleFewer   = "Sample fewer nodes, leave out replicas, or raise spec.sampling.interval."
	nameAuthority = "spec.tls.caSecretRef or spec.tls.caConfigMapRef"
)

// explanations returns a row for each Reason of this package. The rows are made once: each request for a metric that is
// unknown reads them.
var explanations = sync.OnceValue(func() []explanation {
	return slices.Concat(connectionReasons(), securityReasons(), serverReasons(), topologyReasons(), boundReasons())
})

func connectionReasons() []explanation {
	return []explanation{
		{
			reason: NameNotResolved, message: "the host name cannot be resolved",
			advice: "Check the host name in spec, and that its Service exists.",
		},
		{
			reason: AddressRefused, message: "this adapter's address policy refuses the address",
			advice: "Write the address of a Redis. Loopback, link-local and multicast addresses and the API server are refused, " +
				"and so is every address that the flags --allow-addresses and --allow-unix-sockets do not allow.",
		},
		{
			reason: ConnectionRefused, message: "the connection was refused: nothing listens at the address",
			advice: "Check the port in spec, that Redis runs, and that no NetworkPolicy stands in the way.",
		},
		{
			reason: ConnectionFailed, message: "no connection could be made",
			advice: "Check the port in spec, that Redis runs, and that no NetworkPolicy stands in the way.",
		},
		{
			reason: ConnectionLost, message: "the server closed the connection",
			advice: "If this persists, " + checkTLS,
		},
		{
			reason: Timeout, message: "the server did not answer within spec.sampling.timeout",
			advice: "Check that no NetworkPolicy stands in the way and that no slow command blocks Redis, or raise spec.sampling.timeout.",
		},
		{
			reason: Protocol, message: "the endpoint does not speak the Redis protocol",
			advice: "C" + checkTLS[1:],
		},
	}
}

func securityReasons() []explanation {
	return []explanation{
		{
			reason: AuthenticationFailed, message: "the server refused the credentials, or requires authentication", credentials: true,
			advice: "Write spec.auth with the user name, and with a Secret that holds the password that the server expects.",
			codes:  []string{"NOAUTH", "WRONGPASS"}, phrases: []string{"ERR AUTH", "ERR invalid password"},
		},
		{
			reason: TLSHandshakeFailed, message: "the TLS handshake failed", credentials: true,
			advice: "Check that the port in spec uses TLS 1.2 or newer, or remove spec.tls. If the server requires a client certificate, name one in spec.tls.certificateSecretRef.",
		},
		{
			reason: ServerCertificateUntrusted, message: "the server's certificate is not signed by an authority that spec.tls trusts", credentials: true,
			advice: "Name the certificate of the authority that signed it in " + nameAuthority + ".",
		},
		{
			reason: ServerCertificateExpired, message: "the certificate of the server, or of its authority, has expired or is not valid yet", credentials: true,
			advice: "Renew the server's certificate, or the one in " + nameAuthority + ".",
		},
		{
			reason: ServerNameMismatch, message: "the server's certificate is for another name", credentials: true,
			advice: "Write a name of the certificate as spec.tls.serverName, or issue a certificate for the host of the address.",
		},
		{
			reason: ClientCertificateRefused, message: "the server requires a client certificate, or refused the one in spec.tls.certificateSecretRef", credentials: true,
			advice: "Name a certificate in spec.tls.certificateSecretRef that an authority in tls-ca-cert-file of Redis has signed.",
		},
		{
			reason: PermissionDenied, message: "the server's ACL does not let this adapter call INFO, ECHO, SELECT and CLIENT SETNAME",
			advice: "Allow the user +info, +echo, +select and +client|setname.", codes: []string{"NOPERM"},
		},
		{
			reason: InfoRefused, message: "the server does not let this adapter call INFO",
			advice: "Allow the user +info.",
		},
		{
			reason:  MigrationsRefused,
			message: "the server does not let this adapter call CLUSTER GETSLOTMIGRATIONS, and slot migrations cannot be detected without it: allow the user +cluster|getslotmigrations",
			advice:  "Allow the user +cluster|getslotmigrations.",
		},
	}
}

func serverReasons() []explanation {
	return []explanation{
		{reason: Loading, message: "the server is loading its data set", codes: []string{"LOADING"}},
		{
			reason: Busy, message: "a script blocks the server", codes: []string{"BUSY"},
			advice: "Wait: this adapter ends the scripts of its objects itself where the ACL allows +script|kill and +function|kill. If another client's script does not end, call SCRIPT KILL.",
		},
		{
			reason: TooManyClients, message: "the server has reached maxclients", phrases: []string{"max number of clients"},
			advice: "Raise maxclients in Redis, or close connections.",
		},
		{
			reason: DatabaseOutOfRange, message: "the server has no database with the number in spec.database",
			advice:  "Write a smaller spec.database. With spec.cluster write 0, unless the nodes are Valkey 9.0 or newer and set cluster-databases.",
			phrases: []string{"DB index is out of range", "SELECT is not allowed in cluster mode"},
		},
		{reason: Refused, message: "the server refused to answer INFO", codes: []string{"MASTERDOWN"}},
	}
}

func topologyReasons() []explanation {
	return []explanation{
		{
			reason: NotCluster, message: "the server is not a node of a Redis Cluster", phrases: []string{"cluster support disabled"},
			advice: "Write spec.address in place of spec.cluster.",
		},
		{
			reason: ClusterDown, message: "the cluster is down: its cluster_state is not ok",
			advice: "Run CLUSTER INFO on its nodes. " + allowPartial,
		},
		{
			reason: SlotsUncovered, message: "some hash slots of the cluster are not served by any shard",
			advice: "Run CLUSTER INFO on its nodes. " + allowPartial,
		},
		{
			reason: ShardUnavailable, message: "the primary of a shard did not answer: status.nodes says which, and why",
			advice: allowPartial,
		},
		{
			reason:  TopologyUnsettled,
			message: "the nodes disagree on which of them are primaries: a failover or a change of the cluster is under way",
		},
		{
			reason: SentinelUnavailable, message: "fewer than half of the sentinels in spec.sentinel.addresses answered",
			advice: "Check spec.sentinel.addresses: the port of a sentinel is usually 26379.",
		},
		{
			reason: UnknownPrimary, message: "the sentinels know no primary with the name in spec.sentinel.masterName",
			advice:  "Write the name that follows \"sentinel monitor\" in the configuration of the sentinels.",
			phrases: []string{"No such master with that name"},
		},
		{
			reason: SharedServer, message: "the addresses of two nodes lead to the same server",
			advice: "Give each node an address of its own: cluster-announce-ip, cluster-announce-port and cluster-announce-hostname.",
		},
		{
			reason:  NotReplica,
			message: "the server listed as a replica does not replicate this primary: it was promoted, or its announced address leads to another server",
			advice:  "If this persists, check the address that the replica announces.",
		},
	}
}

func boundReasons() []explanation {
	return []explanation{
		{
			reason: TooManyDials, message: "the objects of this namespace open connections faster than this adapter allows for one namespace",
			advice: "Look for objects of this namespace whose servers close every connection.",
		},
		{
			reason: TooManyConnections, message: fmt.Sprintf("too many objects name this server: the adapter makes at most %d connections to one server, and half of that for one namespace", maxConnections),
			advice: "Sample the server with fewer objects, in the namespace of its Service, and name it by that Service.",
		},
		{
			reason: TooManyReplicas, message: fmt.Sprintf("the primary has more than %d replicas, and the adapter samples no more", maxReplicas),
			advice: "Reduce the number of replicas, or read no metrics of replicas.",
		},
		{
			reason: TooManyNodes, message: fmt.Sprintf("the cluster has more than %d nodes, and the adapter samples no more for one object", maxNodes),
			advice: sampleFewer,
		},
		{
			reason: TooMuchData, message: fmt.Sprintf("the samples of the object would take more than %d MiB of this adapter's memory", history.ObjectBytes>>20),
			advice: sampleFewer,
		},
		{
			reason: MemoryFull, message: fmt.Sprintf("the samples of large objects fill the %d MiB that they share beyond %d KiB each", history.LargeBytes>>20, history.OrdinaryBytes>>10),
			advice: sampleFewer,
		},
	}
}

// explain returns the row of a reason, the one of Refused for a reason that has none.
func explain(reason Reason) explanation {
	for _, row := range explanations() {
		if row.reason == reason {
			return row
		}
	}
	return explain(Refused)
}

// ofSentinels returns what the same reason means where sentinels failed, and not the servers.
func (e explanation) ofSentinels() explanation {
	if e.reason == PermissionDenied {
		e.message = "the ACL does not let this adapter call SENTINEL MASTER, SENTINEL GET-MASTER-ADDR-BY-NAME and CLIENT SETNAME"
		e.advice = "Allow the user +sentinel|master, +sentinel|get-master-addr-by-name and +client|setname at the sentinels."
	}
	fields := strings.NewReplacer("spec.auth", "spec.sentinel.auth", "spec.tls", "spec.sentinel.tls")
	e.message, e.advice = "at the sentinels: "+fields.Replace(e.message), fields.Replace(e.advice)
	return e
}

// replyReason returns what an error reply means.
func replyReason(text string) Reason {
	code, _, _ := strings.Cut(text, " ")
	for _, row := range explanations() {
		if slices.Contains(row.codes, code) {
			return row.reason
		}
	}
	for _, row := range explanations() {
		if slices.ContainsFunc(row.phrases, func(phrase string) bool { return strings.Contains(text, phrase) }) {
			return row.reason
		}
	}
	return Refused
}

// ReasonsMarkdown returns the table of reasons for the documentation.
func ReasonsMarkdown() string {
	var b strings.Builder
	b.WriteString("| Reason | Meaning | What to do |\n|---|---|---|\n")
	for _, row := range explanations() {
		advice := row.advice
		if advice == "" {
			advice = "Wait."
		}
		cell := strings.NewReplacer("|", "\\|").Replace
		fmt.Fprintf(&b, "| `%s` | %s. | %s |\n", row.reason, cell(strings.ToUpper(row.message[:1])+row.message[1:]), cell(advice))
	}
	return b.String()
}
