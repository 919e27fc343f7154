package sampler

import (
	"errors"

	"github.com/redis-metrics/redis-metrics-adapter/pkg/credentials"
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
	// TooManyConnections means that other objects have all connections that the adapter makes to one server.
	TooManyConnections Reason = "TooManyConnections"
	// Loading means that the server is reading its data set from disk.
	Loading Reason = "Loading"
	// Busy means that the server runs a script that blocks it.
	Busy Reason = "Busy"
	// DatabaseOutOfRange means that the server has no database of the number in spec.database.
	DatabaseOutOfRange Reason = "DatabaseOutOfRange"
	// Protocol means that the endpoint does not speak the Redis protocol.
	Protocol Reason = "Protocol"
	// Refused means that the server answered with another error.
	Refused Reason = "Refused"
	// NotCluster means that the server is not a node of a Redis Cluster.
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

// Advice returns what to do, empty where the trouble ends by itself.
func (e *Error) Advice() string {
	return e.explain().advice
}

// OfCredentials reports whether other credentials or certificates may succeed.
func (e *Error) OfCredentials() bool {
	_, missing := e.credentials()
	return missing || explain(e.Reason).credentials
}

// OfSentinels reports whether sentinels failed, and not the servers.
func (e *Error) OfSentinels() bool { return e.ofSentinels }

func (e *Error) Error() string {
	return e.explain().message
}

func (e *Error) credentials() (missing *credentials.Error, ok bool) {
	return missing, errors.As(e.cause, &missing)
}

func (e *Error) explain() explanation {
	row := explain(e.Reason)
	if missing, ok := e.credentials(); ok {
		row = explanation{reason: e.Reason, message: missing.Error(), advice: missing.Advice()}
	}
	if e.ofSentinels {
		return row.ofSentinels()
	}
	return row
}

// ReasonOf returns the reason of an error that an attempt failed with, empty for another error.
func ReasonOf(err error) string {
	var known *Error
	if errors.As(err, &known) {
		return string(known.Reason)
	}
	return ""
}
