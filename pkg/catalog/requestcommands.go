package catalog

import (
	_ "embed"
	"strings"
	"sync"
)

// class says what a call of a command means for the clients of a server.
type class string

const (
	// unlisted is a command of a module, or one newer than the table. It counts as a
	// request.
	unlisted class = ""
	// service sets up a connection, or monitors or manages the server: the groups
	// connection, server and cluster of https://redis.io/docs/latest/commands/, PUBSUB
	// and XINFO, which only monitor, and the self-tests of HyperLogLog. Commands of
	// these groups that change or read data are requests: FLUSHALL, FLUSHDB, SFLUSH,
	// SWAPDB, CLUSTERSCAN and CLUSTER FLUSHSLOT.
	service class = "service"
	// reading is a request that only clients send.
	reading class = "reading"
	// replicated is a request that a primary also sends to its replicas: the commands
	// flagged "write", PFCOUNT, which may write what it has counted, PUBLISH and
	// SPUBLISH, MULTI and EXEC around a transaction, and SCRIPT before Redis 7.0.
	// Source: CMD_MAY_REPLICATE in Redis' src/commands, and replication.c.
	replicated class = "replicated"
)

// classOf returns the class of a command by its name in INFO commandstats. An unlisted
// subcommand has the class of its container.
func classOf(command string) class {
	command = strings.ToLower(command) // Dragonfly and modules write capitals
	if is := listed()[command]; is != unlisted {
		return is
	}
	container, _, _ := strings.Cut(command, "|")
	return listed()[container]
}

// isRequest reports whether clients use a command to read or write data.
func isRequest(command string) bool { return classOf(command) != service }

// commandLabel returns the value of LabelCommand for a command. A subcommand follows
// its container after a dot, as in xgroup.create, because the value of a label in
// Kubernetes must not contain the "|" that INFO writes.
func commandLabel(command string) string { return strings.ReplaceAll(command, "|", ".") }

// isListed reports whether a value of LabelCommand names a listed command.
func isListed(label string) bool {
	return listed()[strings.Replace(label, ".", "|", 1)] != unlisted
}

// isListedRequest reports whether a value of LabelCommand names a listed request.
func isListedRequest(label string) bool {
	return isListed(label) && isRequest(strings.Replace(label, ".", "|", 1))
}

//go:embed requestcommands.txt
var commandTable string

// listed returns the class of each listed command, by its lower-case name in INFO
// commandstats.
var listed = sync.OnceValue(func() map[string]class {
	listed := map[string]class{}
	for line := range strings.Lines(commandTable) {
		if name, commands, isRow := strings.Cut(line, ":"); isRow && name[0] != '#' {
			for _, command := range strings.Fields(commands) {
				listed[command] = class(name)
			}
		}
	}
	return listed
})
