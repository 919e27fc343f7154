// Package redistest starts real Redis and Valkey servers for tests.
//
// New starts a redis-server on a free port of the loopback interface, in its own
// directory, without persistence, and returns when it answers. It ends with the test.
// Arguments of redis-server override the defaults: New(t, "--requirepass", "secret").
//
// NewTLS starts a server that also accepts TLS, with certificates of a test's
// Authority. NewCluster, Server.Replicas and NewSentinels start topologies.
//
// Each runs a test against every server that hack/servers.sh fetches, of several
// versions of Redis and Valkey. A Program has the methods New, NewTLS and NewCluster,
// and replicas and sentinels run the program of their primary. If none is fetched, the
// redis-server on PATH is the only one, unless REQUIRE_SERVERS=1 makes that a failure.
//
// Serve, ReadCommand and Bulk help tests that imitate a server.
//
// If a server cannot be started, the test fails, and says what to install. It is never
// skipped. A Server is not safe for concurrent use, but its Client is.
package redistest
