package catalog

import "strings"

// isRequest tells whether a command is one that clients ask of a server for its
// data. The others set up a connection, watch the server or run it: the groups
// connection, server and cluster of https://redis.io/docs/latest/commands/,
// PUBSUB and XINFO, which only watch, and the self-tests of HyperLogLog. COMMANDLOG is
// Valkey's SLOWLOG, and RREPLAY is how an active replica of KeyDB brings a write
// to its peers, which count that write as well. FLUSHALL, FLUSHDB and SWAPDB stand in group
// server and change data: they are requests.
func isRequest(command string) bool {
	base, _, _ := strings.Cut(command, "|")
	switch strings.ToLower(base) { // Dragonfly writes capitals
	case "auth", "client", "echo", "hello", "ping", "quit", "reset", "select":
		return false
	case "asking", "cluster", "readonly", "readwrite", "restore-asking":
		return false
	case "acl", "bgrewriteaof", "bgsave", "command", "commandlog", "config", "dbsize", "debug", "failover",
		"info", "lastsave", "latency", "lolwut", "memory", "module", "monitor", "pfdebug", "pfselftest",
		"psync", "pubsub", "replconf", "replicaof", "role", "rreplay", "save", "sentinel", "shutdown",
		"slaveof", "slowlog", "sync", "time", "xinfo":
		return false
	}
	return true
}
