// Package poller owns what one node of a target is asked: INFO, the declared metrics and
// the node's view of its cluster, in one round trip. It reads the replies into a
// history.Node. Which nodes there are, and whether their responses are consistent, is
// for package topology to decide.
//
// A response is certain, or it is an error: the server is not loading its data, the
// replies match the requests (a random token comes back after INFO), and all of it
// happened within the timeout. After an attempt that a declared metric may have made
// fail, unbounded commands are left out for a while (holdback.go).
//
// A node of a cluster also reports whether slots migrate atomically (slotmigration.go).
//
// A Poller is not safe for concurrent use. The error of an attempt is a *reason.Error.
package poller
