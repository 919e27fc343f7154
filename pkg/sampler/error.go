package sampler

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// Reason is why an attempt to sample failed. The set is small, so that it can
// label metrics and stand in conditions.
type Reason string

const (
	// NameNotResolved means that the host name has no address.
	NameNotResolved Reason = "NameNotResolved"
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
	// PermissionDenied means that the user may not call INFO, ECHO, SELECT or CLIENT SETNAME.
	PermissionDenied Reason = "PermissionDenied"
	// TooManyClients means that the server's maxclients is reached.
	TooManyClients Reason = "TooManyClients"
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
)

// Error says why an attempt to sample failed. Its text may be shown to anybody:
// it holds no address, no secret, and nothing that the server said.
type Error struct {
	Reason Reason
	// cause is for this package's tests and must not be printed.
	cause error
}

func (e *Error) Error() string {
	switch e.Reason {
	case NameNotResolved:
		return "the host name cannot be resolved"
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
	return "the server refused to answer INFO"
}

// replyReasons maps the first word of an error reply to its reason.
// Source: https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors and Redis' server.c.
func replyReasons() map[string]Reason {
	return map[string]Reason{
		"NOAUTH":     AuthenticationFailed,
		"WRONGPASS":  AuthenticationFailed,
		"NOPERM":     PermissionDenied,
		"LOADING":    Loading,
		"BUSY":       Busy,
		"MASTERDOWN": Refused,
	}
}

// classify gives the error of an attempt its reason.
func classify(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return &Error{Reason: reasonOf(err), cause: err}
}

func reasonOf(err error) Reason {
	var reply redis.Error
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.Is(err, redis.Nil): // go-redis counts null among the error replies
		return Protocol
	case errors.As(err, &reply):
		return replyReason(reply.Error())
	case errors.As(err, &dns) && !dns.IsTimeout:
		return NameNotResolved
	case errors.Is(err, syscall.ECONNREFUSED):
		return ConnectionRefused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &network) && network.Timeout():
		return Timeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return ConnectionLost
	case errors.As(err, &network):
		return ConnectionFailed
	}
	return Protocol
}

func replyReason(text string) Reason {
	first, _, _ := strings.Cut(text, " ")
	if reason, ok := replyReasons()[first]; ok {
		return reason
	}
	switch {
	case strings.Contains(text, "max number of clients"):
		return TooManyClients
	case strings.Contains(text, "No such master with that name"):
		return UnknownPrimary
	case strings.Contains(text, "cluster support disabled"):
		return NotCluster
	case strings.Contains(text, "DB index is out of range"):
		return DatabaseOutOfRange
	case strings.HasPrefix(text, "ERR AUTH"), strings.HasPrefix(text, "ERR invalid password"):
		return AuthenticationFailed
	}
	return Refused
}

// ReasonOf returns the reason of an error that an attempt failed with, empty for another error.
func ReasonOf(err error) string {
	var known *Error
	if errors.As(err, &known) {
		return string(known.Reason)
	}
	return ""
}
