package sampler

import (
	"errors"
	"fmt"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
	"github.com/redis-metrics/redis-metrics-adapter/pkg/history"
)

// Reason is why an attempt to sample failed: one of those below, or one of
// package credentials. The set is small, so that it can label metrics and stand in
// conditions.
type Reason string

const (
	// NameNotResolved means that the host name has no address.
	NameNotResolved Reason = "NameNotResolved"
	// AddressRefused means that the adapter's own address policy forbids the dial (package egress).
	AddressRefused Reason = "AddressRefused"
	// ConnectionRefused means that nothing listens at the address.
	ConnectionRefused Reason = "ConnectionRefused"
	// ConnectionFailed means that no connection could be made for another cause.
	ConnectionFailed Reason = "ConnectionFailed"
	// ConnectionLost means that the server closed the connection, or it was reset.
	ConnectionLost Reason = "ConnectionLost"
	// Timeout means that the server did not answer in time.
	Timeout Reason = "Timeout"
	// AuthenticationFailed means that the server wants a password, or refused the one it got.
	AuthenticationFailed Reason = "AuthenticationFailed"
	// TLSHandshakeFailed means that no TLS connection could be agreed upon.
	TLSHandshakeFailed Reason = "TLSHandshakeFailed"
	// ServerCertificateUntrusted means that no trusted authority signed the server's certificate.
	ServerCertificateUntrusted Reason = "ServerCertificateUntrusted"
	// ServerCertificateExpired means that the server's certificate, or one above it, is not valid now.
	ServerCertificateExpired Reason = "ServerCertificateExpired"
	// ServerNameMismatch means that the server's certificate was made for another name.
	ServerNameMismatch Reason = "ServerNameMismatch"
	// ClientCertificateRefused means that the server wants a certificate, or refused the one it got.
	ClientCertificateRefused Reason = "ClientCertificateRefused"
	// PermissionDenied means that the user may not call INFO, ECHO, SELECT or CLIENT SETNAME, or at
	// a sentinel SENTINEL MASTER, SENTINEL GET-MASTER-ADDR-BY-NAME or CLIENT SETNAME.
	PermissionDenied Reason = "PermissionDenied"
	// TooManyClients means that the server's maxclients is reached.
	TooManyClients Reason = "TooManyClients"
	// TooManyDials means that the objects of the namespace dial more often than the adapter lets one namespace.
	TooManyDials Reason = "TooManyDials"
	// Loading means that the server is reading its data set from disk.
	Loading Reason = "Loading"
	// Busy means that the server runs a script that blocks it.
	Busy Reason = "Busy"
	// DatabaseOutOfRange means that the server has no database of the number in spec.database.
	DatabaseOutOfRange Reason = "DatabaseOutOfRange"
	// Protocol means that what answered does not speak as Redis does.
	Protocol Reason = "Protocol"
	// Refused means that the server answered with another error.
	Refused Reason = "Refused"
	// NotCluster means that the server is none of a Redis Cluster.
	NotCluster Reason = "NotCluster"
	// ClusterDown means that the cluster's own state is not ok.
	ClusterDown Reason = "ClusterDown"
	// SlotsUncovered means that some hash slots of the cluster have no owner.
	SlotsUncovered Reason = "SlotsUncovered"
	// ShardUnavailable means that the primary of a shard did not answer.
	ShardUnavailable Reason = "ShardUnavailable"
	// TopologyUnsettled means that nodes do not agree which of them are the primaries.
	TopologyUnsettled Reason = "TopologyUnsettled"
	// SentinelUnavailable means that too few sentinels answered.
	SentinelUnavailable Reason = "SentinelUnavailable"
	// UnknownPrimary means that the sentinels know no primary of that name.
	UnknownPrimary Reason = "UnknownPrimary"
	// SharedServer means that the addresses of two nodes lead to one server.
	SharedServer Reason = "SharedServer"
	// NotReplica means that what answers for a replica is not one, or not of this primary.
	NotReplica Reason = "NotReplica"
	// TooManyReplicas means that a primary has more replicas than are sampled.
	TooManyReplicas Reason = "TooManyReplicas"
	// TooManyNodes means that a cluster has more nodes than are sampled.
	TooManyNodes Reason = "TooManyNodes"
	// TooMuchData means that the samples of the object would take more memory than those of one object may.
	TooMuchData Reason = "TooMuchData"
	// MemoryFull means that the samples of all objects leave no memory for those of a large one.
	MemoryFull Reason = "MemoryFull"
	// InfoRefused means that the server refuses INFO and answers what the object declares.
	InfoRefused Reason = "InfoRefused"
	// MigrationsRefused means that a server that has CLUSTER GETSLOTMIGRATIONS refuses it.
	MigrationsRefused Reason = "MigrationsRefused"
)

// Error says why an attempt to sample failed. Its text may be shown to anybody:
// it holds no address, no secret, and nothing that the server said.
type Error struct {
	Reason Reason
	// ofSentinels means that sentinels failed so, and not the servers.
	ofSentinels bool
	// cause must not be printed, unless it is an error of package credentials.
	cause error
}

// Advice says what to do where package credentials knows it, and names objects; empty if it does not.
func (e *Error) Advice() string {
	var missing *credentials.Error
	if errors.As(e.cause, &missing) {
		return missing.Advice()
	}
	return ""
}

// OfCredentials reports whether other credentials or certificates may succeed.
func (e *Error) OfCredentials() bool {
	switch e.Reason {
	case AuthenticationFailed, TLSHandshakeFailed, ServerCertificateUntrusted, ServerCertificateExpired,
		ServerNameMismatch, ClientCertificateRefused:
		return true
	}
	var missing *credentials.Error
	return errors.As(e.cause, &missing)
}

// OfSentinels reports whether sentinels failed so, and not the servers.
func (e *Error) OfSentinels() bool { return e.ofSentinels }

func (e *Error) Error() string {
	if e.ofSentinels {
		return "of the sentinels: " + e.textOfSentinels()
	}
	var missing *credentials.Error
	if errors.As(e.cause, &missing) {
		return missing.Error()
	}
	switch e.Reason {
	case TLSHandshakeFailed:
		return "no TLS connection could be agreed upon with what answers"
	case ServerCertificateUntrusted:
		return "no authority that spec.tls trusts has signed the server's certificate"
	case ServerCertificateExpired:
		return "the server's certificate, or that of its authority, has expired or is not valid yet"
	case ServerNameMismatch:
		return "the server's certificate was made for another name"
	case ClientCertificateRefused:
		return "the server asks for a client certificate, or refused that of spec.tls.certificateSecretRef"
	case NameNotResolved:
		return "the host name cannot be resolved"
	case AddressRefused:
		return "this adapter's address policy refuses the address"
	case ConnectionRefused:
		return "the connection was refused: nothing listens at the address"
	case ConnectionFailed:
		return "no connection could be made"
	case ConnectionLost:
		return "the server closed the connection"
	case Timeout:
		return "the server did not answer within spec.sampling.timeout"
	case AuthenticationFailed:
		return "the server refused the credentials, or asks for some"
	case PermissionDenied:
		return "the server's ACL does not let this adapter call INFO, ECHO, SELECT and CLIENT SETNAME"
	case TooManyClients:
		return "the server accepts no more clients: its maxclients is reached"
	case TooManyDials:
		return "the objects of this namespace begin more connections than this adapter makes for one namespace"
	case Loading:
		return "the server is loading its data set"
	case Busy:
		return "the server is busy with a script"
	case DatabaseOutOfRange:
		return "the server has no database of the number in spec.database"
	case Protocol:
		return "what answers does not speak as Redis does"
	case NotCluster:
		return "the server is no node of a Redis Cluster"
	case ClusterDown:
		return "the cluster says that it is down: its cluster_state is not ok"
	case SlotsUncovered:
		return "some hash slots of the cluster are served by no shard"
	case ShardUnavailable:
		return "the primary of a shard did not answer: status.nodes tells which, and why"
	case TopologyUnsettled:
		return "the nodes do not agree which of them are primaries: a failover or a change of the cluster is under way"
	case SentinelUnavailable:
		return "fewer than half of the sentinels in spec.sentinel.addresses answered"
	case UnknownPrimary:
		return "the sentinels know no primary of the name in spec.sentinel.masterName"
	}
	return textOfNode(e.Reason)
}

// textOfNode returns the text of a reason that concerns one node of several, or
// a part of what it tells.
func textOfNode(reason Reason) string {
	switch reason {
	case SharedServer:
		return "the addresses of two nodes lead to one server: see which addresses the nodes announce"
	case NotReplica:
		return "the server listed as a replica does not replicate this primary: it was promoted, or its announced address leads to another server"
	case TooManyReplicas:
		return fmt.Sprintf("the primary has more than %d replicas, and only so many are sampled", mostReplicas)
	case TooManyNodes:
		return fmt.Sprintf("the cluster has more than %d nodes to sample, and only so many are sampled of one object", mostNodes)
	case TooMuchData:
		return fmt.Sprintf("the samples of the object would take more than %d MiB of this adapter's memory", history.ObjectBytes>>20)
	case MemoryFull:
		return fmt.Sprintf("the samples of all objects beyond %d KiB each take %d MiB of this adapter's memory, and this object's would take more", history.OrdinaryBytes>>10, history.LargeBytes>>20)
	case InfoRefused:
		return "the server does not let this adapter call INFO"
	case MigrationsRefused:
		return "the server does not let this adapter call CLUSTER GETSLOTMIGRATIONS, so that a migration of slots would not show: allow the user +cluster|getslotmigrations"
	}
	return "the server refused to answer INFO"
}

// ReasonOf returns the reason of an error that an attempt failed with, empty for another error.
func ReasonOf(err error) string {
	var known *Error
	if errors.As(err, &known) {
		return string(known.Reason)
	}
	return ""
}
