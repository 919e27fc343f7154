// Package redistest starts real Redis and Valkey servers for tests.
//
// New starts a redis-server on a free port of the loopback interface, in a
// directory of its own, without persistence, and returns when it answers. It
// ends with the test. Arguments are those of redis-server, and later ones win
// over the defaults: New(t, "--requirepass", "secret").
//
// NewTLS starts one that speaks TLS too, by certificates of an Authority that
// lives in the test. NewCluster, Server.Replicas and NewSentinels start
// topologies.
//
// Each runs a test against every server that hack/servers.sh fetches, of several
// versions of Redis and Valkey: a Program has the methods New, NewTLS and
// NewCluster, and replicas and sentinels run the program of their primary. Where
// none is fetched, the redis-server on PATH is the only one, unless
// REQUIRE_SERVERS=1 makes that a failure.
//
// Serve, ReadCommand and Bulk are for a test's own stand-in for a server.
//
// A server that cannot be started fails the test with a sentence that says what
// to install; it never skips it. A Server is not safe for concurrent use, but
// its Client is.
package redistest
